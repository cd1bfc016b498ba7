"""The room's folder is no place for plaintext, from Python neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.app import open_strongroom
from strongroom.client.client import Strongroom
from strongroom.client.places import lies_inside
from strongroom.client.writing import write_model
from strongroom.errors import InputError, SetupError
from tests.journeys.rooms import PASSPHRASE


def test_links_and_dots_lead_where_they_lead(tmp_path: Path) -> None:
    (tmp_path / "room" / "store").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "room")
    room = tmp_path / "room"

    inside = ("room", "room/store", "room/new/deep", "link/store", "x/../room/y")
    assert all(lies_inside(tmp_path / name, room) for name in inside)
    assert not any(lies_inside(tmp_path / name, room) for name in ("", "room2", "x"))


def test_a_program_writes_no_plaintext_into_the_room(
    solo_room: Strongroom, model: Path
) -> None:
    """Only the command line refused it."""
    solo_room.seal(model, name="llm")
    folder = solo_room.room.settings.folder
    with solo_room.open("llm", purpose="a test") as opened:
        for inside in (folder, folder / "out"):
            with pytest.raises(InputError, match="nothing is in the clear"):
                write_model(opened, inside)
    assert not (folder / "out").exists()


def test_a_program_does_not_seal_the_room_into_itself(solo_room: Strongroom) -> None:
    """Only the command line refused it."""
    folder = solo_room.room.settings.folder
    for source in (folder, folder.parent, folder / "room.toml"):
        with pytest.raises(InputError, match="lie in each other"):
            solo_room.seal(source, name="llm")


def test_a_program_keeps_what_it_saw_outside_the_room(solo_room: Strongroom) -> None:
    """A file inside is put back to yesterday with everything else."""
    folder = solo_room.room.settings.folder
    solo_room.close()

    with pytest.raises(SetupError, match="puts back what you saw too"):
        open_strongroom(
            folder, passphrases={"*": PASSPHRASE}, seen=folder / "seen.checkpoint"
        )
