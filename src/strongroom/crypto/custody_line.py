"""A connection to a custodian process, once the right user answers there.

Source: ``docs/specification/custody-protocol.md``.
"""

from __future__ import annotations

import socket
from pathlib import Path

from strongroom.crypto.custody_frames import peer_uid
from strongroom.errors import SetupError, UnavailableError


def connect(path: Path, *, uid: int, seconds: float) -> socket.socket:
    """Return a connection to the socket at ``path``.

    Args:
        path: Of the socket.
        uid: The user that must be at the other end.
        seconds: How long to wait for an answer.

    Raises:
        SetupError: Another user answers there.
        UnavailableError: Nobody does.
    """
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(seconds)
        connection.connect(str(path))
        found = peer_uid(connection)
        if found != uid:
            raise SetupError(
                f"user {found} answers at {path}, not {uid}",
                hint=f"if that is right: unix:{path}?uid={found}",
            )
    except OSError as error:
        connection.close()
        raise UnavailableError(
            f"no custodian answers at {path}: {error.strerror or error}",
            hint="strongroom custodian serve FILE --socket PATH",
        ) from None
    except SetupError:
        connection.close()
        raise
    return connection
