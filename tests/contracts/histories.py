"""A ledger that is only a word: what custodians are tested with."""

from __future__ import annotations

import hashlib

from strongroom.crypto.custody.port import Anchor
from strongroom.errors import ForkError


def anchor(word: str) -> Anchor:
    """Return the anchor of a ledger with one entry for each letter."""
    note = word.encode()
    return Anchor(size=len(note), root=hashlib.sha256(note).digest(), note=note)


def verify_extension(old: Anchor, new: Anchor) -> None:
    """Check that the one word begins with the other.

    Raises:
        ForkError: It does not.
    """
    if not new.note.startswith(old.note):
        raise ForkError(f"{new.note!r} does not extend {old.note!r}")
