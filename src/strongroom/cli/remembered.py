"""Where this user remembers what they saw last of each room.

Whoever puts the whole room back to yesterday, custodians included, does not
reach this: it lies in the user's own state folder, one file for each room.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from strongroom.client.places import check_kept_outside
from strongroom.errors import UnavailableError
from strongroom.settings import Settings

VARIABLE: Final = "STRONGROOM_STATE"


def checkpoint_path(settings: Settings, state: Path | None) -> Path:
    """Return where the newest checkpoint that this user saw of a room is kept.

    Args:
        settings: Of the room.
        state: The folder that was named; the user's state folder if none was.

    Raises:
        SetupError: It would lie inside the room, and be put back with it.
        UnavailableError: The folder cannot be made.
    """
    return usable_folder(settings.folder, state) / f"{settings.room}.checkpoint"


def usable_folder(room: Path, state: Path | None) -> Path:
    """Return the folder for checkpoints, which lies outside the room.

    Args:
        room: Folder of the room; it need not be there yet.
        state: The folder that was named; the user's state folder if none was.

    Raises:
        SetupError: It would lie inside the room, and be put back with it.
        UnavailableError: It cannot be made.
    """
    folder = state or own_state()
    check_kept_outside(folder, room)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise UnavailableError(
            f"what you saw last cannot be kept in {folder}: {error.strerror}",
            hint=f"name another folder: --state DIR, or {VARIABLE}",
        ) from None
    return folder


def own_state() -> Path:
    """Return the user's state folder for Strongroom."""
    from platformdirs import user_state_path

    return user_state_path("strongroom")
