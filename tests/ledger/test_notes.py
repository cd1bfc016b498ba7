"""Notes are verified once each, and what does not verify is never remembered."""

from __future__ import annotations

import pytest

from strongroom.crypto.signing import SigningKey
from strongroom.errors import IntegrityError, SetupError, UnavailableError
from strongroom.ledger.checkpoint import Checkpoint
from strongroom.ledger.notes import Notes
from strongroom.ledger.tree import EMPTY_ROOT
from strongroom.types import Secret
from tests.ledger.world import KEYS, ORIGIN

KEY, SIGNER = KEYS.checkpoint.public, KEYS.checkpoint
OTHER = SigningKey(Secret(bytes(31) + b"\x09"))


def notes(signer: SigningKey | None = SIGNER) -> Notes:
    return Notes(origin=ORIGIN, key=KEY, signer=signer)


def test_a_note_is_opened_by_whoever_has_the_key() -> None:
    note = notes().sign(5, bytes(32))

    for reader in (notes(), notes(signer=None)):
        for _ in range(2):
            opened = reader.open(note)
            assert opened == Checkpoint(origin=ORIGIN, size=5, root=bytes(32))


def test_what_was_signed_is_what_a_verifier_reads() -> None:
    own = notes()
    note = own.sign(0, EMPTY_ROOT)

    assert own.open(note) == notes().open(note)


def test_a_locked_room_signs_nothing() -> None:
    with pytest.raises(UnavailableError, match="locked"):
        notes(signer=None).sign(5, bytes(32))


def test_another_key_than_the_pinned_one_is_refused_at_once() -> None:
    """It would sign what nobody can verify."""
    with pytest.raises(SetupError, match="another key"):
        notes(signer=OTHER)


def test_a_changed_note_is_refused_however_often_it_is_shown() -> None:
    own = notes()
    for size in range(20):
        note = own.sign(size + 1, bytes(32))
        forged = note.replace(f"\n{size + 1}\n", f"\n{size + 2}\n")
        for _ in range(2):
            with pytest.raises(IntegrityError):
                own.open(forged)
        assert own.open(note).size == size + 1


def test_a_note_of_another_key_is_refused() -> None:
    foreign = Notes(origin=ORIGIN, key=OTHER.public, signer=OTHER).sign(5, bytes(32))

    with pytest.raises(IntegrityError, match="not signed by"):
        notes().open(foreign)


def test_few_notes_are_remembered() -> None:
    """Each may have 128 KiB; whoever shows many must not fill the memory."""
    own = notes()
    for size in range(1, 100):
        own.open(notes().sign(size, bytes(32)))

    assert len(own._opened) == 8


def test_the_eight_newest_notes_are_remembered() -> None:
    own = notes()
    made = [own.sign(size, bytes([size]) * 32) for size in range(1, 12)]

    assert list(own._opened) == made[-8:]
    assert own.open(made[0]).size == 1
    assert list(own._opened) == [*made[-7:], made[0]]
