"""The administrator of a store, alone, and with the help of a past reader."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from strongroom.cli.demo import store
from strongroom.cli.demo.house import MODEL, House
from strongroom.cli.demo.steps import Refusal
from strongroom.cli.demo.store import object_path, replace_object
from strongroom.cli.demo.story import Story
from strongroom.cli.demo.tampering import SEGMENT, Tampering, Target, attack, open_held
from strongroom.crypto.container import RECORD_BYTES, record_nonce, record_offset
from strongroom.errors import IntegrityError, MissingError, StrongroomError

ATTACKS = {tampering.step: tampering for tampering in store.ATTACKS}


@pytest.mark.parametrize("step", ATTACKS)
def test_what_was_changed_in_the_store_is_refused(story: Story, step: str) -> None:
    """ATT&CK T1565.001, ATLAS AML.T0018: nothing else than what was sealed opens."""
    tampering = ATTACKS[step]
    says = "altered" if step == "flipped-byte" else tampering.expected.says
    again = Tampering(
        step=step,
        tamper=tampering.tamper,
        use=open_held,
        expected=Refusal(error=IntegrityError, says=says),
    )

    found = attack(story.house, story.target, again)

    assert found.ok, found.why


@pytest.mark.parametrize("step", ATTACKS)
def test_without_the_attack_nothing_counts_as_refused(story: Story, step: str) -> None:
    """The control: each of the tests above can fail."""
    found = attack(story.house, story.target, ATTACKS[step], attacked=False)

    assert found.why == "it was not refused"


def _removed(path: Path) -> None:
    path.unlink()


def _linked_elsewhere(path: Path) -> None:
    data = path.read_bytes()
    path.unlink()
    elsewhere = path.with_name("elsewhere")
    elsewhere.write_bytes(data)
    path.symlink_to(elsewhere)


def _a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _grown(path: Path) -> None:
    replace_object(path, path.read_bytes() + bytes(1))


def _empty(path: Path) -> None:
    replace_object(path, b"")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (_removed, MissingError),
        (_linked_elsewhere, StrongroomError),
        (_a_pipe, IntegrityError),
        (_grown, IntegrityError),
        (_empty, IntegrityError),
    ],
)
def test_a_store_that_answers_with_something_else_is_refused(
    story: Story, change: Callable[[Path], None], error: type[StrongroomError]
) -> None:
    """ATT&CK T1485, T1565.001: gone, led away, blocking, longer, empty."""

    def tamper(folder: Path, target: Target) -> None:
        change(object_path(folder, target.segments[SEGMENT]))

    tampering = Tampering(
        step="answer", tamper=tamper, use=open_held, expected=Refusal(error=error)
    )

    found = attack(story.house, story.target, tampering)

    assert found.ok, found.why


def test_a_past_reader_who_writes_to_the_store_is_found_by_a_deep_check(
    story: Story, house: House
) -> None:
    """ATLAS AML.T0018, ATT&CK T1565.001: valid records under the key that left.

    An ordinary open cannot tell; the digest of the ciphertext can, and ``prod``
    does not move without it.
    """
    segment = story.target.segments[SEGMENT]
    with house.acting_as("noor").open(story.target.held) as opened:
        reader = opened.segment(SEGMENT)
        plain = bytearray(reader.plain_length(1))
        reader.decrypt_record(1, memoryview(bytearray(RECORD_BYTES)), memoryview(plain))
        cipher = reader._cipher
        assert isinstance(cipher, AESGCM)
        nonce = record_nonce(1, last=segment.facts.records == 2)
        plain[-40_000] ^= 1  # in the middle of a tensor
        forged = cipher.encrypt(nonce, bytes(plain), None)
    path = object_path(house.folder, segment)
    data = path.read_bytes()
    start = record_offset(1)
    replace_object(path, data[:start] + forged + data[start + len(forged) :])

    with house.opened_at(house.folder) as again:
        with again.acting_as("noor").open(story.target.held) as opened:
            assert opened.check() > 0  # as SECURITY.md says
        mia = again.acting_as("mia")
        with pytest.raises(IntegrityError, match="another SHA-256"):
            mia.room.catalogue.verify(mia.actor, MODEL, progress=lambda _: None)
