"""A reader who kept a checkpoint sees when the whole room is put back."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from strongroom.app import open_strongroom
from strongroom.client.client import Strongroom
from strongroom.client.seen import check_seen
from strongroom.errors import ForkError, IntegrityError
from tests.journeys.fixtures import clock, model, quick, solo_room
from tests.journeys.rooms import PASSPHRASE, Clock, again

__all__ = ["clock", "model", "quick", "solo_room"]


def see(room: Strongroom, path: Path) -> None:
    check_seen(room.room.anchors, path, random=os.urandom)


def test_a_grown_ledger_is_accepted_and_kept(
    solo_room: Strongroom, model: Path, quick: Path
) -> None:
    path = quick / "state" / "seen"
    see(solo_room, path)
    first = path.read_bytes()
    solo_room.seal(model, name="llm")

    see(solo_room, path)

    assert path.read_bytes() != first
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_room_put_back_with_its_custodian_is_refused_by_its_reader(
    solo_room: Strongroom, model: Path, quick: Path, clock: Clock
) -> None:
    """MITRE ATT&CK T1565.001: the custodians went back too, so only readers know."""
    folder, seen = quick / "room", quick / "seen"
    solo_room.close()
    shutil.copytree(folder, quick / "yesterday")
    with again(folder, clock) as room:
        room.seal(model, name="llm")
        see(room, seen)
    shutil.rmtree(folder)
    shutil.copytree(quick / "yesterday", folder)

    with pytest.raises(ForkError, match="older"):
        open_strongroom(folder, passphrases={"*": PASSPHRASE}, seen=seen, now=clock)


def test_a_checkpoint_of_another_room_is_refused(
    solo_room: Strongroom, quick: Path
) -> None:
    path = quick / "seen"
    path.write_bytes(b"strongroom.local/other\n1\nAAAA\n\n")

    with pytest.raises(IntegrityError):
        see(solo_room, path)


def test_a_file_that_is_no_checkpoint_is_refused(
    solo_room: Strongroom, quick: Path
) -> None:
    path = quick / "seen"
    for content in (b"", b"\xff" * 10, b"x" * 10_000):
        path.write_bytes(content)
        with pytest.raises(IntegrityError):
            see(solo_room, path)
