"""Where nothing of a room may be written or read in the clear: the room's folder."""

from __future__ import annotations

import os
from pathlib import Path

from strongroom.errors import InputError, SetupError


def lies_inside(folder: Path, room: Path) -> bool:
    """Return whether a folder is the room's or below it, also through links."""
    real, around = os.path.realpath(folder), os.path.realpath(room)
    return os.path.commonpath((real, around)) == around


def check_outside(folder: Path, room: Path) -> None:
    """Refuse to write plaintext where the sealed objects lie.

    Raises:
        InputError: The folder is the room's or below it.
    """
    if lies_inside(folder, room):
        raise InputError(
            f"{folder} lies inside the room, where nothing is in the clear",
            hint="name another folder: --to DIR",
        )


def check_apart(source: Path, room: Path) -> None:
    """Refuse to seal what holds the room, or is of it.

    Raises:
        InputError: One lies in the other.
    """
    if lies_inside(room, source) or lies_inside(source, room):
        raise InputError(
            f"{source} and the room lie in each other: whoever may open the model would"
            " get what is of the room in it",
            hint="seal the folder of the model alone",
        )


def check_kept_outside(seen: Path, room: Path) -> None:
    """Refuse to keep what somebody saw last where it is put back with the room.

    Raises:
        SetupError: It would lie inside the room.
    """
    if lies_inside(seen, room):
        raise SetupError(
            f"{seen} lies inside the room: whoever puts the room back to"
            " yesterday puts back what you saw too",
            hint="name another folder: --state DIR, or STRONGROOM_STATE",
        )
