"""A custodian elsewhere is told of second signatures, and demands them from then on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from strongroom.app import open_strongroom
from strongroom.app.signatures import prepare, switch
from strongroom.client.client import Strongroom
from strongroom.crypto.custody.file import FileCustodian
from strongroom.crypto.custody.port import Anchor
from strongroom.crypto.custody_pin import Pin, PinFile
from strongroom.errors import IntegrityError
from strongroom.ledger.checkpoint import Checkpoint
from strongroom.ledger.frontier import frontier_at
from strongroom.ledger.second import second_line
from strongroom.ledger.tree import leaf_hash
from tests.contracts.served import serving
from tests.journeys.rooms import PASSPHRASE, Clock

URI = '"file:custodians/home"'


@contextmanager
def opened(folder: Path, clock: Clock) -> Iterator[Strongroom]:
    """Serve the home custodian elsewhere, and open the room with it."""
    settings = folder / "room.toml"
    text = settings.read_text()
    custodian = FileCustodian.open(folder / "custodians" / "home", PASSPHRASE)
    with serving(custodian, folder / "custodians" / "home") as path:
        uri = f'"unix:{path}?uid={os.geteuid()}"'
        settings.write_text(text.replace(URI, uri))
        with open_strongroom(folder, passphrases={}, now=clock) as room:
            yield room
        settings.write_text(settings.read_text().replace(uri, URI))


def pin(folder: Path) -> Pin:
    found = PinFile(folder / "custodians" / "home", random=os.urandom).read()
    assert found is not None
    return found


@pytest.fixture
def folder(solo_room: Strongroom, quick: Path, clock: Clock) -> Path:
    """Give the folder of a room that switched second signatures on."""
    prepare(solo_room)
    solo_room.close()
    with opened(quick / "room", clock) as room:
        assert pin(quick / "room").above == 0
        switch(room, both=True)
    return quick / "room"


def forged(room: Strongroom) -> Anchor:
    """Return a checkpoint over one more entry, by whoever forges Ed25519 alone."""
    ledger = room.room.ledger
    newest = room.room.anchors.newest()
    with ledger.reading() as reading:
        before = frontier_at(ledger.nodes(reading), newest.size)
        after = before.grown(before.completed([leaf_hash(b"forged")]))
    key = room.room.keys.checkpoint
    checkpoint = Checkpoint(
        origin=ledger.verifier.origin, size=after.size, root=after.root()
    )
    note = checkpoint.sign(key.sign_bytes, public=key.public.raw)
    return Anchor(size=after.size, root=after.root(), note=note.encode())


def test_who_forges_one_signature_shows_a_told_custodian_nothing(
    folder: Path, clock: Clock
) -> None:
    """ATT&CK T1600: weak encryption; Ed25519 falls, ML-DSA-65 does not."""
    assert pin(folder).second.startswith("strongroom.local/room-")
    with opened(folder, clock) as room:
        custodian = room.room.domains["home"].custodian
        before = custodian.anchor()

        with pytest.raises(IntegrityError, match="lacks the second signature"):
            custodian.advance(forged(room), lambda *_: ())
        assert custodian.anchor() == before
        room.room.anchors.advance(custodian)


def test_a_custodian_that_was_not_told_is_told_at_the_next_opening(
    folder: Path, clock: Clock
) -> None:
    told = pin(folder)
    file = PinFile(folder / "custodians" / "home", random=os.urandom)
    file.replace(replace(told, second="", above=0))

    with opened(folder, clock):
        assert pin(folder) == told


def test_a_switch_back_is_believed_and_the_room_goes_on(
    folder: Path, clock: Clock
) -> None:
    with opened(folder, clock) as room:
        switch(room, both=False)
        assert pin(folder).second == ""
        with room.room.ledger.transaction():
            pass
    with opened(folder, clock) as room:
        switch(room, both=True)
        assert pin(folder).second != ""
        assert room.records.verify().findings == ()


def test_a_rotated_key_is_believed_and_the_former_one_no_more(
    folder: Path, clock: Clock
) -> None:
    first = pin(folder)
    with opened(folder, clock) as room:
        prepare(room, successors=True)
    with opened(folder, clock) as room:
        switch(room, both=True, successors=True)
        assert pin(folder).second not in ("", first.second)
        assert pin(folder).above > first.above
        custodian = room.room.domains["home"].custodian
        former = room.room.keys.checkpoint.seconds[0]
        bare = forged(room)
        text = bare.note.decode().partition("\n\n")[0] + "\n"
        line = second_line(text, room.room.ledger.verifier.origin, former)
        with pytest.raises(IntegrityError, match="lacks the second signature"):
            custodian.advance(
                replace(bare, note=bare.note + line.encode()), lambda *_: ()
            )
    with opened(folder, clock) as room:
        assert room.records.verify().findings == ()
