"""Shares that go from one keeper to the next, and pass nobody else.

Two ways lead out of a root key besides a release to a reader: a wrap to the
recovery key, and a wrap under the root key that follows.  A custodian that gives
out no shares does both by itself, for an entry of the ledger that says so.

Source: ``docs/specification/custody-protocol.md``;
``docs/decisions/0026-custodians-elsewhere-wrap-again-by-themselves.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from strongroom.crypto import wraps
from strongroom.crypto.parts import PartOrder
from strongroom.crypto.recovery import recovery_key_id, wrap_for_recovery
from strongroom.errors import DeniedError, InputError
from strongroom.types import ArtifactId, RoomId, Secret, SegmentId

_HINT = "the desk writes that entry first; strongroom ledger verify"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedShare:
    """One share of one segment as a root key wraps it.

    Attributes:
        room: Whose segment it is.
        share: Which share of it, from 0.
        wrapped: The wrap.
    """

    room: RoomId
    artifact: ArtifactId
    version: int
    generation: int
    segment: SegmentId
    share: int
    wrapped: bytes

    def place(self, root_key_id: str) -> bytes:
        """Return its place under a root key.

        Raises:
            InputError: An id is no id, or a number does not fit 64 bits.
        """
        return wraps.segment_context(
            room=self.room,
            artifact=self.artifact,
            version=self.version,
            generation=self.generation,
            segment=self.segment,
            share=self.share,
            root_key_id=root_key_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryOrder:
    """A share that is to be wrapped to a recovery key.

    Attributes:
        held: The share.
        public: The 1216 bytes of the recovery key's public half.
    """

    held: WrappedShare
    public: bytes

    @property
    def wrapped(self) -> bytes:
        """The share, wrapped at the custodian."""
        return self.held.wrapped

    def place(self, root_key_id: str) -> bytes:
        """Return the place that the share was wrapped for."""
        return self.held.place(root_key_id)

    def seal(self, share: Secret) -> bytes:
        """Return the share wrapped to the recovery key for its place.

        Raises:
            InputError: The public key is not usable.
        """
        place = self.held.place(recovery_key_id(self.public))
        return wrap_for_recovery(self.public, share, place)


Order: TypeAlias = PartOrder | RecoveryOrder
"""What a custodian seals: a part of a key to a reader, or a share for recovery."""


def verify_succession(
    kind: str, facts: Mapping[str, object], *, domain: str, former: str, successor: str
) -> None:
    """Check that an entry begins the rotation from one root key to another.

    Args:
        kind: Of the entry.
        facts: Its clear fields.
        domain: The custody domain.
        former: Id of the root key that leaves.
        successor: Id of the one that joins.

    Raises:
        DeniedError: It does not.
    """
    named = tuple(facts.get(name) for name in ("domain", "root", "successor"))
    if kind != "rotation.begun" or named != (domain, former, successor):
        raise DeniedError(
            f"the ledger does not say that {successor} follows {former}", hint=_HINT
        )


def trusted_public(
    kind: str, facts: Mapping[str, object], *, domain: str, trusted: str | None
) -> bytes:
    """Return the public half of the recovery key that an entry put in force.

    Args:
        kind: Of the entry.
        facts: Its clear fields.
        domain: The custody domain whose share is to be wrapped.
        trusted: Id of the recovery key that the custodian's own operator named.

    Raises:
        DeniedError: It puts none in force for this domain, or another one than the
            operator named: a desk could name a key of its own.
    """
    domains = facts.get("domains")
    if (
        kind != "recovery.created"
        or not isinstance(domains, list)
        or domain not in domains
    ):
        raise DeniedError(
            f"the ledger does not say that this recovery key is for {domain}",
            hint=_HINT,
        )
    try:
        public = bytes.fromhex(str(facts.get("public")))
        key = recovery_key_id(public)
    except (ValueError, InputError):
        raise DeniedError("an entry names no recovery key", hint=_HINT) from None
    if key != trusted:
        raise DeniedError(
            f"the operator of {domain} did not say that {key} may be trusted",
            hint=f"compare it with a paper: strongroom custodian trust FILE {key}",
        )
    return public
