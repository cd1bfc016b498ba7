"""Reads a small file that somebody named on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from strongroom.errors import InputError, MissingError
from strongroom.settings.small_files import read_small

if TYPE_CHECKING:
    from pathlib import Path


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
