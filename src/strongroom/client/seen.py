"""The newest checkpoint that this reader saw, kept under their own account.

Whoever puts the whole room back, custodians included, cannot reach what readers
keep elsewhere: the next opening by one of them is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from strongroom.crypto.custody.port import MAX_NOTE_BYTES, Anchor
from strongroom.crypto.durable import write_durably
from strongroom.errors import ForkError, IntegrityError, UnavailableError
from strongroom.ledger.anchors import Anchors
from strongroom.types import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a reader had seen when they opened a room.

    Attributes:
        path: Where they keep it.
        size: How many entries it had then; 0 if they never saw it.
    """

    path: Path
    size: int


def check_seen(anchors: Anchors, path: Path, *, random: Random) -> Seen:
    """Check that the ledger extends what was seen last; return that, keep the newest.

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
    seen = last_seen(anchors, path)
    _verify_grown(anchors, seen, newest, path)
    if newest.size > seen.size:
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise _unusable(path, error) from None
        write_durably(path, newest.note, random, overwrite=True)
    return Seen(path=path, size=seen.size)


def last_seen(anchors: Anchors, path: Path) -> Anchor:
    """Return what was seen last; the empty ledger if nothing was.

    Raises:
        IntegrityError: What is kept is not a checkpoint of this ledger.
        UnavailableError: The file cannot be read.
    """
    note = _read(path)
    if note is None:
        return Anchor.empty()
    try:
        return anchors.of_note(note)
    except IntegrityError as error:
        raise IntegrityError(
            f"{path} holds no checkpoint of this room: {error}",
            hint=f"find out who wrote it; then remove {path}",
        ) from None


def _verify_grown(anchors: Anchors, seen: Anchor, newest: Anchor, path: Path) -> None:
    """Check that ``newest`` grew from what was seen, or is read later than it was.

    Raises:
        ForkError: It did not.
    """
    older, newer = sorted((seen, newest), key=lambda anchor: anchor.size)
    try:
        anchors.verify_extension(older, newer)
    except ForkError:
        have = anchors.newest().size
        raise ForkError(
            f"you saw {seen.size} entries of this ledger, and now it has {have}:"
            " an older room was put back"
            if have < seen.size
            else f"the first {seen.size} entries are not those that you saw:"
            " somebody rewrote the ledger",
            hint="restore the newest backup; if you put an older one back yourself,"
            f" remove {path}",
        ) from None


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            note = file.read(MAX_NOTE_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(path, error) from None
    if len(note) > MAX_NOTE_BYTES:
        raise IntegrityError(f"{path} is no checkpoint", hint="remove it, with care")
    return note


def _unusable(path: Path, error: OSError) -> UnavailableError:
    return UnavailableError(
        f"what you saw last cannot be kept in {path.parent}: {error.strerror}",
        hint="name another folder: --state DIR, or STRONGROOM_STATE",
    )
