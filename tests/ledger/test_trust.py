"""What somebody who reads no entries demands of checkpoints, and what changes that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from strongroom import canonical
from strongroom.crypto.mldsa import MlDsaKey, MlDsaSigner
from strongroom.errors import IntegrityError
from strongroom.ledger.checkpoint import Checkpoint
from strongroom.ledger.second import BOTH, ONE, SWITCHED, second_line
from strongroom.ledger.tree import inclusion_proof, leaf_hash, root_hash
from strongroom.ledger.trust import Trust
from strongroom.types import Secret
from tests.contracts.histories import KEY, ORIGIN, VERIFIER, nodes_over

FIRST = MlDsaSigner(Secret(bytes([1]) * 32))
SECOND = MlDsaSigner(Secret(bytes([2]) * 32))
START = Trust(verifier=VERIFIER)


def switch(key: MlDsaSigner | None, *, kind: str = SWITCHED) -> bytes:
    """Return an entry that demands signatures of a key, or ends them."""
    facts: dict[str, canonical.Json] = {
        "algorithms": BOTH if key else ONE,
        "checkpoint": (key or FIRST).public.digest,
    }
    return canonical.to_json({"v": 1, "kind": kind, "facts": facts})


@dataclass
class Story:
    """A ledger whose entries are added one by one."""

    entries: list[bytes] = field(default_factory=lambda: [b"one", b"two"])

    def add(self, entry: bytes) -> int:
        self.entries.append(entry)
        return len(self.entries) - 1

    def note(self, *signers: MlDsaSigner, size: int | None = None) -> str:
        """Return the checkpoint, signed with the first key and these."""
        covered = self.entries[:size]
        root = root_hash([leaf_hash(entry) for entry in covered])
        checkpoint = Checkpoint(origin=ORIGIN, size=len(covered), root=root)
        note = checkpoint.sign(KEY.sign_bytes, public=KEY.public.raw)
        lines = [second_line(checkpoint.text(), ORIGIN, one) for one in signers]
        return note + "".join(lines)

    def siblings(self, position: int) -> Sequence[bytes]:
        nodes = nodes_over(self.entries)
        return inclusion_proof(nodes, index=position, size=len(self.entries))

    def show(
        self, trust: Trust, position: int, note: str, second: MlDsaKey | None
    ) -> Trust:
        """Return what somebody believes who was shown an entry under a note."""
        return trust.follow(
            self.entries[position],
            position=position,
            siblings=self.siblings(position),
            note=note,
            second=second,
        )


@pytest.fixture
def story() -> Story:
    return Story()


def on(story: Story, key: MlDsaSigner = FIRST) -> Trust:
    """Return the trust after a first switch, at entry 2."""
    position = story.add(switch(key))
    return story.show(START, position, story.note(key), key.public)


def test_after_the_switch_two_signatures_are_demanded(story: Story) -> None:
    trust = on(story)
    story.add(b"four")

    assert trust.open(story.note(FIRST)).size == 4
    with pytest.raises(IntegrityError, match="lacks the second"):
        trust.open(story.note())
    with pytest.raises(IntegrityError, match="lacks the second"):
        trust.open(story.note(SECOND))


def test_a_first_key_has_to_have_signed_the_checkpoint_over_its_entry(
    story: Story,
) -> None:
    position = story.add(switch(FIRST))
    with pytest.raises(IntegrityError, match="lacks the second"):
        story.show(START, position, story.note(), FIRST.public)


def test_what_is_not_larger_than_the_switch_may_carry_one(story: Story) -> None:
    """Whoever keeps an anchor calls it stale; the trust itself asks for no more."""
    trust = on(story)

    assert trust.open(story.note(size=2)).size == 2


def test_another_key_follows_under_a_signature_of_the_one_before(story: Story) -> None:
    trust = on(story)
    position = story.add(switch(SECOND))
    with pytest.raises(IntegrityError, match="lacks the second"):
        story.show(trust, position, story.note(SECOND), SECOND.public)
    after = story.show(trust, position, story.note(FIRST), SECOND.public)
    story.add(b"five")

    assert after.open(story.note(SECOND)).size == 5
    with pytest.raises(IntegrityError, match="lacks the second"):
        after.open(story.note(FIRST))


def test_the_end_of_it_is_believed_under_two_signatures(story: Story) -> None:
    trust = on(story)
    position = story.add(switch(None))
    with pytest.raises(IntegrityError, match="lacks the second"):
        story.show(trust, position, story.note(), None)
    after = story.show(trust, position, story.note(FIRST), None)
    story.add(b"five")

    assert after.second is None
    assert after.open(story.note()).size == 5


def test_an_earlier_end_is_no_news(story: Story) -> None:
    """Off and on again: who forges Ed25519 shows the end once more."""
    trust = on(story)
    off = story.add(switch(None))
    ended = story.note(FIRST)
    trust = story.show(trust, off, ended, None)
    again = story.add(switch(FIRST))
    trust = story.show(trust, again, story.note(FIRST), FIRST.public)

    with pytest.raises(IntegrityError, match="older than the last change"):
        story.show(trust, off, story.note(FIRST), None)


@pytest.mark.parametrize("second", [None, SECOND.public])
def test_a_key_that_the_entry_does_not_name_is_refused(
    story: Story, second: MlDsaKey | None
) -> None:
    position = story.add(switch(FIRST))
    with pytest.raises(IntegrityError, match="names another key"):
        story.show(START, position, story.note(FIRST), second)


def test_a_key_for_an_entry_that_ends_them_is_refused(story: Story) -> None:
    trust = on(story)
    position = story.add(switch(None))
    with pytest.raises(IntegrityError, match="names another key"):
        story.show(trust, position, story.note(FIRST), FIRST.public)


@pytest.mark.parametrize(
    "entry",
    [
        switch(None, kind="signatures.prepared"),
        canonical.to_json({"v": 1, "kind": SWITCHED, "facts": {"algorithms": "rsa"}}),
        canonical.to_json({"v": 1, "kind": SWITCHED}),
        b"[]",
        b"no json",
    ],
)
def test_an_entry_about_something_else_changes_nothing(
    story: Story, entry: bytes
) -> None:
    trust = on(story)
    position = story.add(entry)
    with pytest.raises(IntegrityError):
        story.show(trust, position, story.note(FIRST), None)


def test_an_entry_that_is_not_in_the_ledger_changes_nothing(story: Story) -> None:
    trust = on(story)
    position = story.add(b"three")
    with pytest.raises(IntegrityError):
        trust.follow(
            switch(None),
            position=position,
            siblings=story.siblings(position),
            note=story.note(FIRST),
            second=None,
        )
