"""Reads files that have a limit: settings, keys, policies, notes."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from strongroom.errors import SetupError, StrongroomError, UnavailableError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


def read_small(
    path: Traversable,
    at_most_bytes: int,
    *,
    private: bool = False,
    error: type[StrongroomError] = UnavailableError,
) -> bytes | None:
    """Return what a file holds, or ``None`` if there is no such file.

    Args:
        path: Also one that came with the package.
        at_most_bytes: One byte more is read at most, by which its reader knows that
            it is too long.
        private: Whether it is refused when others than its owner may read it.
        error: What is raised when it cannot be read.

    Raises:
        SetupError: It is private, and others may read it.
        StrongroomError: ``error``: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode if private else 0
            data: bytes = file.read(at_most_bytes + 1)
    except FileNotFoundError:
        return None
    except OSError as found:
        raise error(f"{path} cannot be read: {found.strerror}") from None
    if stat.S_IMODE(mode) & (stat.S_IRWXG | stat.S_IRWXO):
        raise SetupError(
            f"{path} can be read by others than its owner", hint=f"chmod 600 {path}"
        )
    return data
