"""Where a Unix socket is made: what a killed process left there is cleared away."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path

from strongroom.errors import ConflictError, UnavailableError


def clear_place(path: Path) -> None:
    """Remove a socket that nobody listens at any more.

    Raises:
        ConflictError: Somebody listens there, or it is no socket.
        UnavailableError: It cannot be asked.
    """
    if not path.exists():
        return
    if not path.is_socket():
        raise ConflictError(f"{path} is no socket", hint="name another --socket")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:  # nothing else says that nobody listens
            with suppress(OSError):
                path.unlink()
            return
        except OSError as error:
            raise UnavailableError(f"{path}: {error.strerror or error}") from None
    raise ConflictError(f"somebody listens at {path} already", hint="name another")
