"""What somebody named on the command line: is it there, and what does it hold?"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from strongroom.errors import InputError, MissingError
from strongroom.settings.small_files import read_small

if TYPE_CHECKING:
    from pathlib import Path


def verify_there(path: str | Path, *, hint: str = "is the path right?") -> None:
    """Check that a file or folder is there, before anything else is asked.

    Args:
        path: As it was typed; one too long for any disk too.
        hint: What to type instead.

    Raises:
        MissingError: Nothing is there.
        InputError: Somebody else's folder is in the way.
    """
    try:
        os.stat(path)
    except PermissionError:
        raise InputError(
            f"{str(path)[:200]} cannot be read", hint="may you read its folder?"
        ) from None
    except (OSError, ValueError):  # ValueError: a NUL in the path
        raise MissingError(
            f"there is no file or folder {str(path)[:200]}", hint=hint
        ) from None


def read_file(path: Path, *, at_most_bytes: int) -> bytes:
    """Return what a file holds, all of it.

    Args:
        path: As it was typed; a pipe or a device is read as well.
        at_most_bytes: No more is read, and a longer file is refused, not cut.

    Raises:
        MissingError: There is no such file.
        InputError: It is longer.
        UnavailableError: It cannot be read.
    """
    data = read_small(path, at_most_bytes)
    if data is None:
        raise MissingError(f"there is no file {path}")
    if len(data) > at_most_bytes:
        raise InputError(f"{path} is over {at_most_bytes} bytes")
    return data
