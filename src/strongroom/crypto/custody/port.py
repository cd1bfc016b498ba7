"""Who holds the root keys, and the newest ledger each of them has seen.

A custodian wraps and unwraps shares under a root key that never leaves it.  It
also keeps an *anchor*: the newest signed checkpoint of the ledger it has seen.
It unwraps only for a ledger that extends its anchor, so a database put back to
yesterday gets no keys.  ``settle`` is that rule; every adapter calls it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from strongroom.crypto.handover import Order, WrappedShare
from strongroom.crypto.parts import Evidence
from strongroom.errors import ForkError, InputError, StaleError
from strongroom.types import Secret

ANCHOR_TRIES = 5
"""Other processes may move an anchor between a look and a call, so often at most."""

MAX_NOTE_BYTES = 8 * 1024
"""Longest checkpoint, in bytes: a tree head and some signatures, also ML-DSA."""

_EMPTY_ROOT = hashlib.sha256(b"").digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A signed tree head that somebody saw.

    Attributes:
        size: How many entries the ledger had.
        root: Its 32-byte Merkle root.
        note: The signed checkpoint as text; empty for the empty ledger.
    """

    size: int
    root: bytes
    note: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.size < 2**63 or len(self.root) != len(_EMPTY_ROOT):
            raise InputError("an anchor has a size and a 32-byte root")
        if len(self.note) > MAX_NOTE_BYTES:
            raise InputError(f"a checkpoint of {len(self.note)} bytes is too long")
        if self.size == 0 and self.root != _EMPTY_ROOT:
            raise InputError("the empty ledger has another root")

    @classmethod
    def empty(cls) -> Anchor:
        """Return the anchor of a ledger without entries."""
        return cls(size=0, root=_EMPTY_ROOT, note=b"")


VerifyExtension: TypeAlias = Callable[[Anchor, Anchor], Sequence[bytes]]
"""Raises ``ForkError`` unless the second ledger extends the first.

Returns the consistency proof (RFC 9162, 32-byte hashes), for a custodian that runs
elsewhere and believes nobody; one in the same process has no use for it.
"""


class KeyCustodian(Protocol):
    """Keep one root key and one anchor.

    Trust: whoever controls an unlocked custodian can unwrap everything wrapped to
    it.  The caller's database is not trusted: wraps are bound to their context,
    and ``unwrap`` refuses a ledger that does not extend the anchor.

    Durability: an anchor that ``advance`` or ``unwrap`` accepted survives a power
    cut that happens after the call returns; ``unwrap`` returns the secret only
    after that point.

    Concurrency: every method may be called from several threads and processes.
    Reading the anchor, comparing, replacing it and unwrapping happen under one
    lock.  ``verify_extension`` is called under that lock, so it must not call the
    custodian.

    Adapters prove themselves by passing
    ``tests/contracts/test_key_custodian.py``.
    """

    @property
    def name(self) -> str:
        """The custody domain's name, unique in its room."""

    @property
    def root_key_id(self) -> str:
        """Names the root key; part of the context of every wrap."""

    @property
    def gives_shares(self) -> bool:
        """Whether ``unwrap`` gives shares of segments to whoever calls.

        One that runs elsewhere does not: it seals to readers and to the recovery
        key, and wraps again what a former root key of its own wrapped.
        """

    @property
    def adopts(self) -> str:
        """Id of the former root key from which ``adopt`` takes over, or nothing."""

    def wrap(self, secret: Secret, context: bytes) -> bytes:
        """Return ``secret`` encrypted under the root key for this context.

        Raises:
            InputError: The secret is too long.  Every adapter takes 1 to 4096
                bytes, and most take none and up to 64 KiB.
            UnavailableError: The custodian does not answer.
        """

    def unwrap(
        self,
        wrapped: bytes,
        context: bytes,
        *,
        anchor: Anchor,
        verify_extension: VerifyExtension,
    ) -> Secret:
        """Return the secret after moving the anchor to ``anchor``, see ``advance``.

        Raises:
            DeniedError: It is a share of a segment, and ``gives_shares`` is false.
            IntegrityError: The wrap was altered or belongs to another context,
                or the stored anchor was damaged.
            ForkError: The ledger is not an extension of the stored one.
            StaleError: The stored anchor is newer; retry with the newest.
            UnavailableError: The custodian does not answer.
        """

    def release(
        self,
        order: Order,
        evidence: Evidence,
        *,
        anchor: Anchor,
        verify_extension: VerifyExtension,
    ) -> bytes:
        """Return what the order seals: see ``unwrap``.

        That is the share's part of a key for a reader, or the share itself for the
        recovery key.

        Args:
            order: Which share, for whom.
            evidence: That the release stands in the ledger of ``anchor``, or that
                the recovery key was put in force there.  One that does not give
                shares verifies it.
            anchor: The newest checkpoint, which covers the entry.
            verify_extension: See ``VerifyExtension``.

        Raises:
            InputError: The reader's key or the order is not usable.
            DeniedError: The evidence names another reader or segment, or the
                custodian's operator did not name this recovery key.
            IntegrityError: As ``unwrap``; or the evidence does not hold.
            ForkError: The ledger is not an extension of the stored one.
            StaleError: The stored anchor is newer; retry with the newest.
            UnavailableError: The custodian does not answer.
        """

    def adopt(
        self,
        held: WrappedShare,
        evidence: Evidence,
        *,
        anchor: Anchor,
        verify_extension: VerifyExtension,
    ) -> bytes:
        """Return a share that ``adopts`` wrapped, wrapped under this root key.

        The custodian opened what it wrapped again before it answers.

        Args:
            held: The share, wrapped under the former root key.
            evidence: Of the entry that began the rotation.
            anchor: The newest checkpoint, which covers the entry.
            verify_extension: See ``VerifyExtension``.

        Raises:
            SetupError: It takes over from no root key.
            StrongroomError: As ``release``.
        """

    def advance(self, anchor: Anchor, verify_extension: VerifyExtension) -> None:
        """Replace the stored anchor by ``anchor``, durably, if it extends it.

        Raises:
            IntegrityError: The stored anchor was damaged.
            ForkError: The ledger is not an extension of the stored one.
            StaleError: The stored anchor is newer; retry with the newest.
            UnavailableError: The custodian does not answer.
        """

    def anchor(self) -> Anchor:
        """Return the newest ledger this custodian has seen.

        Raises:
            IntegrityError: The stored anchor was damaged.
            UnavailableError: The custodian does not answer.
        """


def settle(stored: Anchor, offered: Anchor, verify_extension: VerifyExtension) -> bool:
    """Return whether ``offered`` must be stored; false when it is there already.

    An older anchor is checked before it is called stale: stale says "the same
    history, but newer is known", and a fork must not pass for that.

    Raises:
        ForkError: Neither extends the other, or both have one size and two roots.
        StaleError: ``stored`` extends ``offered``.
    """
    if offered.size == stored.size:
        if not hmac.compare_digest(offered.root, stored.root):
            raise ForkError(f"two ledgers of {stored.size} entries have two roots")
        return False
    if offered.size < stored.size:
        verify_extension(offered, stored)
        raise StaleError(
            f"a ledger of {stored.size} entries is known, {offered.size} were shown",
            hint="retry with the newest checkpoint",
        )
    verify_extension(stored, offered)
    return True
