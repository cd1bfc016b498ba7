"""The anchor of a file custodian: one fixed file with two slots.

Each slot holds a sequence number, an anchor and a MAC under a key that is derived
from the root key.  The newer valid slot counts; a new anchor goes to the other
slot.  A write that a power cut tears leaves the older slot, and the caller that
was cut off never got its secret.  So one advance costs one write and one
``fdatasync``, and the file never changes its length.

The lock is ``flock`` on a descriptor opened for each use: it excludes threads as
well as processes, and a fork does not inherit it.

Source: ``docs/specification/custody-file.md``.
"""

from __future__ import annotations

import fcntl
import hmac
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strongroom import canonical
from strongroom.crypto.custody.port import (
    MAX_NOTE_BYTES,
    Anchor,
    VerifyExtension,
    settle,
)
from strongroom.errors import IntegrityError, UnavailableError
from strongroom.types import Secret

SLOT_BYTES = 12 * 1024
"""Sequence 8, size 8, root 32, note length 4, note, zeros, MAC 32."""

_LOST_HINT = (
    "put any copy of it back, an older one will do; without one: strongroom recovery"
    " restore"
)
_MAC_BYTES = 32
_NOTE_AT = 8 + 8 + 32 + 4


def anchor_path(path: Path) -> Path:
    """Return where the anchor of the custodian at ``path`` lies: beside it."""
    return path.with_name(path.name + ".anchor")


class AnchorFile:
    """The two slots, and the lock around them.

    Args:
        path: The file; made by ``create``.
        key: The 32-byte MAC key.
    """

    def __init__(self, path: Path, key: Secret) -> None:
        self._path = path
        self._key = key

    def first_bytes(self) -> bytes:
        """Return the content of a new file: the empty ledger, twice."""
        return b"".join(self._slot(n, Anchor.empty()) for n in (0, 1))

    @contextmanager
    def lock(self) -> Iterator[int]:
        """Hold the lock; gives the descriptor for ``read`` and ``advance``.

        Raises:
            IntegrityError: The file is gone.
            UnavailableError: The file cannot be opened or locked.
        """
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            raise IntegrityError(
                f"{self._path} is gone, so the newest ledger is not known",
                hint=_LOST_HINT,
            ) from None
        except OSError as error:
            raise _unavailable(self._path, error) from None
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            except OSError as error:
                raise _unavailable(self._path, error) from None
            yield descriptor
        finally:
            os.close(descriptor)

    def read(self, descriptor: int) -> Anchor:
        """Return the newest anchor.

        Raises:
            IntegrityError: Neither slot is valid.
            UnavailableError: The file cannot be read.
        """
        return self._newest(descriptor)[1]

    def advance(
        self, descriptor: int, anchor: Anchor, verify_extension: VerifyExtension
    ) -> None:
        """Store ``anchor`` durably if it extends the newest one; see ``settle``.

        Raises:
            IntegrityError: Neither slot is valid.
            ForkError: It is not an extension.
            StaleError: The stored one is newer.
            UnavailableError: The file cannot be read or written.
        """
        sequence, stored = self._newest(descriptor)
        if not settle(stored, anchor, verify_extension):
            return
        slot = self._slot(sequence + 1, anchor)
        try:
            written = os.pwrite(descriptor, slot, (sequence + 1) % 2 * SLOT_BYTES)
            os.fdatasync(descriptor)
        except OSError as error:
            raise _unavailable(self._path, error) from None
        if written != SLOT_BYTES:
            raise UnavailableError(f"{self._path} could not be written in full")

    def _newest(self, descriptor: int) -> tuple[int, Anchor]:
        try:
            content = os.pread(descriptor, 2 * SLOT_BYTES + 1, 0)
        except OSError as error:
            raise _unavailable(self._path, error) from None
        if len(content) != 2 * SLOT_BYTES:
            raise IntegrityError(f"{self._path} does not have two slots")
        slots = (content[:SLOT_BYTES], content[SLOT_BYTES:])
        valid = [found for n in (0, 1) if (found := self._parse(n, slots[n]))]
        if not valid:
            raise IntegrityError(
                f"{self._path} was altered, or is another custodian's",
                hint=_LOST_HINT,
            )
        return max(valid, key=lambda found: found[0])

    def _slot(self, sequence: int, anchor: Anchor) -> bytes:
        body = (
            sequence.to_bytes(8, "big")
            + anchor.size.to_bytes(8, "big")
            + anchor.root
            + len(anchor.note).to_bytes(4, "big")
            + anchor.note
        ).ljust(SLOT_BYTES - _MAC_BYTES, b"\0")
        return body + self._mac(body)

    def _parse(self, number: int, slot: bytes) -> tuple[int, Anchor] | None:
        body, mac = slot[:-_MAC_BYTES], slot[-_MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(body)):
            return None
        sequence = int.from_bytes(body[:8], "big")
        note_bytes = int.from_bytes(body[_NOTE_AT - 4 : _NOTE_AT], "big")
        if sequence % 2 != number or note_bytes > MAX_NOTE_BYTES:
            return None  # a slot copied over the other one
        anchor = Anchor(
            size=int.from_bytes(body[8:16], "big"),
            root=body[16:48],
            note=body[_NOTE_AT : _NOTE_AT + note_bytes],
        )
        return sequence, anchor

    def _mac(self, body: bytes) -> bytes:
        message = canonical.encode("strongroom/v1/anchor", body)
        return hmac.digest(self._key.reveal(), message, "sha256")


def _unavailable(path: Path, error: OSError) -> UnavailableError:
    return UnavailableError(
        f"{path}: {error.strerror or 'input or output error'}",
        hint="is the disk full, or the room's folder not writable?",
    )
