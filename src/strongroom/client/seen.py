"""The newest checkpoint that this reader saw, kept under their own account.

Whoever puts the whole room back, custodians included, cannot reach what readers
keep elsewhere: the next opening by one of them is refused.
"""

from __future__ import annotations

from pathlib import Path

from strongroom.crypto.custody.port import MAX_NOTE_BYTES
from strongroom.crypto.custody_file import write_durably
from strongroom.errors import IntegrityError, UnavailableError
from strongroom.ledger.anchors import Anchors
from strongroom.types import Random


def check_seen(anchors: Anchors, path: Path, *, random: Random) -> None:
    """Check that the ledger extends what was seen last, and keep the newest.

    Args:
        anchors: Of the ledger.
        path: Where this reader keeps the checkpoint; made if it is absent.
        random: Gives the name of a temporary file.

    Raises:
        ForkError: The ledger is older than what was seen, or another one.
        IntegrityError: What is kept is not a checkpoint of this ledger.
        UnavailableError: The file cannot be read or written.
    """
    newest = anchors.newest()
    note = _read(path)
    if note is not None:
        seen = anchors.of_note(note)
        older, newer = sorted((seen, newest), key=lambda anchor: anchor.size)
        anchors.verify_extension(older, newer)
        if seen == newest:
            return
    if newest.size:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_durably(path, newest.note, random, overwrite=True)


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            note = file.read(MAX_NOTE_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UnavailableError(f"{path}: {error.strerror}") from None
    if len(note) > MAX_NOTE_BYTES:
        raise IntegrityError(f"{path} is no checkpoint", hint="remove it, with care")
    return note
