"""An opened room is wired to one ledger, and tells the others as it closes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from strongroom.app import open_strongroom
from strongroom.client.client import Strongroom
from strongroom.errors import ForkError
from tests.journeys.rooms import PASSPHRASE, Clock, again


def test_every_part_writes_into_one_ledger(solo_room: Strongroom) -> None:
    room = solo_room.room
    assert room.gate.ledger is room.ledger
    assert room.keys.public == room.public_keys
    assert set(room.domains) == {domain.name for domain in room.settings.domains}


def test_closing_a_room_that_was_put_back_meanwhile_says_so(
    solo_room: Strongroom, model: Path, quick: Path, clock: Clock
) -> None:
    """It was silent: whoever closed the room never heard of the fork."""
    folder, older = quick / "room", quick / "older"
    solo_room.close()
    shutil.copytree(folder, older)
    with again(folder, clock) as room:
        room.seal(model, name="llm")
    room = again(older, clock)
    shutil.copytree(folder / "custodians", older / "custodians", dirs_exist_ok=True)

    with pytest.raises(ForkError):
        room.close()


def test_a_reader_keeps_what_they_saw_though_a_custodian_is_damaged(
    solo_room: Strongroom, quick: Path, clock: Clock
) -> None:
    """One custodian that failed once kept witnesses and reader from the rest."""
    folder, seen = quick / "room", quick / "seen"
    solo_room.close()
    room = open_strongroom(folder, passphrases={"*": PASSPHRASE}, seen=seen, now=clock)
    before = seen.read_bytes()
    room.room.people.add_project(room.actor, "later")
    for path in (folder / "custodians").rglob("*"):
        if path.is_file():
            path.write_bytes(b"nothing")

    room.close()

    assert seen.read_bytes() != before
