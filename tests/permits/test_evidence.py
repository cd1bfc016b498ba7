"""What a custodian elsewhere asks of a desk that it does not believe."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from strongroom import canonical
from strongroom.crypto.custody.memory import MemoryCustodian
from strongroom.crypto.custody.port import Anchor
from strongroom.crypto.custody.remote import RemoteCustodian
from strongroom.crypto.custody_pin import Pin
from strongroom.crypto.hpke import ReaderKey
from strongroom.errors import DeniedError, ForkError, InputError, IntegrityError
from strongroom.ledger.events import attached_digest
from strongroom.permits.evidence import LedgerReferee
from strongroom.types import RoomId
from tests.contracts.histories import anchor
from tests.contracts.releases import FACTS, ROOM, case, entry_of, identifier
from tests.contracts.served import PIN, connect, serving
from tests.project.read_keys import read_follow
from tests.project.vectors import Case, load


@pytest.mark.parametrize(
    "case", load("custody_follow")["follows"], ids=lambda case: str(case["what"])
)
def test_a_published_change_of_second_signatures_is_pinned(case: Case) -> None:
    read_follow(case)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[RemoteCustodian]:
    """Give a custodian behind a socket that saw no ledger yet."""
    inner = MemoryCustodian("home", random=os.urandom)
    with serving(inner, tmp_path / "home.custody") as path:
        yield connect(path)


def test_a_pin_without_a_key_judges_nothing() -> None:
    with pytest.raises(InputError):
        LedgerReferee(Pin(room=ROOM, verifier="nonsense"))


def test_an_entry_that_names_reader_and_segment_is_enough(
    fresh: RemoteCustodian,
) -> None:
    asked = case(fresh)

    assert asked.ask(fresh)
    assert fresh.anchor() == asked.anchor


@pytest.mark.parametrize(
    "changes",
    [
        {"reader": "0" * 64},
        {"segments": [identifier("segment", 9)]},
        {"segments": []},
        {"segments": identifier("segment", 3)},
        {"version": 2},
        {"generation": 0},
        {"generation": "2"},
        {"artifact": identifier("artifact", 9)},
        {"permit": identifier("permit", 9)},
        {"reader": None},
    ],
)
def test_an_entry_that_names_others_gives_nothing(
    fresh: RemoteCustodian, changes: dict[str, canonical.Json]
) -> None:
    with pytest.raises(DeniedError, match="does not say that this reader"):
        case(fresh, entry_of(changes)).ask(fresh)


def test_a_segment_of_an_earlier_generation_than_its_version_is_given(
    fresh: RemoteCustodian,
) -> None:
    """Other segments of the version were re-keyed, this one was not."""
    assert case(fresh, entry_of({"generation": 2})).ask(fresh)


def test_an_entry_of_another_kind_gives_nothing(fresh: RemoteCustodian) -> None:
    with pytest.raises(DeniedError):
        case(fresh, entry_of(kind="key.refused")).ask(fresh)
    with pytest.raises(IntegrityError):
        case(fresh, b"[]").ask(fresh)
    with pytest.raises(IntegrityError):
        case(fresh, canonical.to_json({"kind": "key.released"})).ask(fresh)


def test_an_entry_that_is_in_no_ledger_gives_nothing(fresh: RemoteCustodian) -> None:
    """A true-looking entry without a place in the tree; or at another place."""
    asked = case(fresh)
    with pytest.raises(IntegrityError):
        replace(asked, entries=(b"one", b"two", b"three", b"four", b"five")).ask(fresh)
    for position in (0, 1, 3, 4, 5, 2**50):
        evidence = replace(asked.evidence, position=position)
        with pytest.raises(IntegrityError):
            replace(asked, evidence=evidence).ask(fresh)
    with pytest.raises(IntegrityError):
        replace(asked, evidence=replace(asked.evidence, siblings=())).ask(fresh)
    assert fresh.anchor() == Anchor.empty()


def test_the_reader_of_the_entry_is_the_only_one(fresh: RemoteCustodian) -> None:
    """The order names a key of the desk's own, the entry somebody else's."""
    asked = case(fresh)
    own = replace(asked.order, reader=ReaderKey.generate().public)
    with pytest.raises(DeniedError):
        replace(asked, order=own).ask(fresh)
    with pytest.raises(IntegrityError, match="another entry"):
        replace(asked, order=replace(asked.order, entry=bytes(32))).ask(fresh)
    elsewhere = replace(asked.order, room=RoomId(identifier("room", 9)))
    with pytest.raises(DeniedError):
        replace(asked, order=elsewhere).ask(fresh)


def test_lists_that_were_too_long_stand_in_a_document_of_their_own(
    fresh: RemoteCustodian,
) -> None:
    attached = canonical.to_json({"rows": [], "facts": {"segments": FACTS["segments"]}})
    facts = {k: v for k, v in FACTS.items() if k != "segments"}
    body: dict[str, canonical.Json] = {
        "v": 1,
        "kind": "key.released",
        "facts": facts,
        "attached": attached_digest(attached).hex(),
    }
    asked = case(fresh, canonical.to_json(body))
    whole = replace(asked, evidence=replace(asked.evidence, attached=attached))

    assert whole.ask(fresh)
    with pytest.raises(DeniedError):
        asked.ask(fresh)
    with pytest.raises(IntegrityError, match="attached"):
        replace(whole, evidence=replace(whole.evidence, attached=attached + b" ")).ask(
            fresh
        )


def test_a_checkpoint_that_does_not_say_what_its_anchor_says_is_refused() -> None:
    referee, signed = LedgerReferee(PIN), anchor("abc")

    referee.verify_note(signed)
    referee.verify_note(Anchor.empty())
    for bent in (
        replace(signed, size=4),
        replace(signed, root=bytes(32)),
        replace(signed, note=b""),
        replace(signed, note=b"\xff"),
        replace(signed, note=signed.note.replace(b"3", b"4", 1)),
        replace(Anchor.empty(), size=1),
    ):
        with pytest.raises(IntegrityError):
            referee.verify_note(bent)


def test_a_ledger_that_did_not_grow_from_what_was_seen_is_a_fork() -> None:
    referee, one, other = LedgerReferee(PIN), anchor("abc"), anchor("abd")

    referee.verify_extension(one, one, [])
    referee.verify_extension(Anchor.empty(), one, [])
    for older, newer in ((one, other), (one, Anchor.empty()), (one, anchor("abcd"))):
        with pytest.raises(ForkError):
            referee.verify_extension(older, newer, [])


def test_what_is_attached_does_not_replace_what_the_entry_says(
    fresh: RemoteCustodian,
) -> None:
    attached = canonical.to_json({"facts": {"reader": "0" * 64, "permit": "other"}})
    body: dict[str, canonical.Json] = {
        "kind": "key.released",
        "facts": FACTS,
        "attached": attached_digest(attached).hex(),
    }
    asked = case(fresh, canonical.to_json(body))
    whole = replace(asked, evidence=replace(asked.evidence, attached=attached))

    assert whole.ask(fresh)
