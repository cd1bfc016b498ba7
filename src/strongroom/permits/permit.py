"""A permit: this account, these segments, until then, at most so many bytes.

The desk signs it when it is issued, and a release verifies the signature, so
that neither a stored row nor a copy outside can be bent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import cast

import sqlalchemy as sa

from strongroom import canonical
from strongroom.access.sessions import Actor
from strongroom.crypto.signing import Signed, VerifyKey
from strongroom.database import tables
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.database.times import format_time, parse_time
from strongroom.errors import InputError, IntegrityError, MissingError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.types import (
    AccountId,
    ArtifactId,
    PermitId,
    RequestId,
    RoomId,
    check_says_which,
)

PURPOSE = "permit"
"""What the desk's signature over a permit is for."""

MAX_PERMIT_BYTES = 256 << 10


class PermitState(StrEnum):
    """A permit also ends with time and with its bytes; those need no state."""

    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """What was agreed, as the desk signed it.

    Attributes:
        account: Who may open.
        counts_as: Whose exposure grows: the account, or its owner.
        artifact: What may be opened; under a lineage, where it was asked for.
        version: Which version; ``None`` for every version of the lineage.
        roots: The lineages that exposure counts under.
        segments: Names, frozen when asked.
        segment_ids: Ids of exactly these segments; empty under a lineage.
        footprints: Digests of what they hold; reserved while the permit lasts.
        at_most_bytes: Of plaintext, over all releases.
        policy: Digest of the rules in force when it was issued.
    """

    id: PermitId
    room: RoomId
    request: RequestId
    account: AccountId
    counts_as: AccountId
    artifact: ArtifactId
    version: int | None
    roots: tuple[ArtifactId, ...]
    segments: tuple[str, ...]
    segment_ids: tuple[str, ...]
    footprints: tuple[str, ...]
    at_most_bytes: int
    purpose_stated: bool
    requested_at: datetime
    not_before: datetime
    expires_at: datetime
    policy: str

    def payload(self) -> bytes:
        """Return the canonical JSON that the desk signs."""
        return canonical.to_json(
            {
                "v": 1,
                "id": self.id,
                "room": self.room,
                "request": self.request,
                "account": self.account,
                "counts_as": self.counts_as,
                "artifact": self.artifact,
                "version": self.version,
                "roots": list(self.roots),
                "segments": list(self.segments),
                "segment_ids": list(self.segment_ids),
                "footprints": list(self.footprints),
                "at_most_bytes": self.at_most_bytes,
                "purpose_stated": self.purpose_stated,
                "requested_at": format_time(self.requested_at),
                "not_before": format_time(self.not_before),
                "expires_at": format_time(self.expires_at),
                "policy": self.policy,
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PermitRow:
    """A permit in the database: the signed document and what changes about it."""

    id: PermitId
    revision: int = 1
    request: RequestId
    account: AccountId
    roots: tuple[ArtifactId, ...]
    released_bytes: int
    expires_at: datetime
    state: PermitState
    signed: bytes

    def open(self, key: VerifyKey) -> Permit:
        """Return the permit that the desk signed.

        Raises:
            IntegrityError: The signature does not verify, or is for another row.
        """
        permit = _verified(self.signed, key)
        if (permit.id, permit.request, permit.account, permit.expires_at) != (
            self.id,
            self.request,
            self.account,
            self.expires_at,
        ):
            raise IntegrityError(f"{self.id} holds another permit")
        return permit


PERMITS: GuardedTable[PermitRow] = GuardedTable(tables.permits, PermitRow)


def find_permit(
    transaction: Transaction, id_or_start: str, *, lock: bool = False
) -> PermitRow:
    """Return the permit of this id, of its request, or of an unambiguous start.

    Raises:
        MissingError: None or several fit.
        InputError: It is too short to name one.
    """
    check_says_which(id_or_start, "permit", "request")
    columns = PERMITS.columns
    found = PERMITS.find(
        transaction,
        sa.or_(
            columns.id.startswith(id_or_start, autoescape=True),
            columns.id.startswith(f"permit-{id_or_start}", autoescape=True),
            columns.request.startswith(id_or_start, autoescape=True),
            columns.request.startswith(f"request-{id_or_start}", autoescape=True),
        ),
        lock=lock,
    )
    if len(found) != 1:
        raise MissingError(
            f"{len(found) or 'no'} permits start with {id_or_start[:80]!r}",
            hint="strongroom requests",
        )
    return found[0]


def revoke_permit(
    writing: Writing, actor: Actor, permit: PermitId, *, reason: str = ""
) -> PermitRow:
    """End a permit and record it; one that was revoked before stays as it is.

    Policy allowed it in this transaction.

    Raises:
        IntegrityError: The row was forged, altered or restored.
    """
    row = PERMITS.get(writing, permit, lock=True)
    if row.state is PermitState.REVOKED:
        return row
    row = PERMITS.replace(writing, row, state=PermitState.REVOKED)
    writing.append(
        actor.event(
            "permit.revoked",
            {"permit": row.id, "account": row.account},
            private={"reason": reason} if reason else {},
        )
    )
    return row


def issued_event(permit: Permit, reserved: int) -> Event:
    """Return the entry for a permit that reserves so many bytes."""
    return Event(
        kind="permit.issued",
        actor=permit.account,
        facts={
            "permit": permit.id,
            "request": permit.request,
            "account": permit.account,
            "roots": list(permit.roots),
            "artifact": permit.artifact,
            "version": permit.version,
            "segments": list(permit.segment_ids or permit.segments),
            "lineage": permit.version is None,
            "bytes": permit.at_most_bytes,
            "not_before": format_time(permit.not_before),
            "expires": format_time(permit.expires_at),
            "policy": permit.policy,
            "reserved": reserved,
        },
    )


@lru_cache(maxsize=4096)  # pure, immutable; every decision reads all in force
def _verified(signed: bytes, key: VerifyKey) -> Permit:
    """Return the permit in a signed envelope (0.5 ms the first time)."""
    envelope = Signed.from_bytes(signed, 2 * MAX_PERMIT_BYTES)
    return parse_permit(envelope.verify(PURPOSE, key))


def parse_permit(payload: bytes) -> Permit:
    """Return the permit that ``payload`` states; its signature is checked before.

    Raises:
        IntegrityError: It is not canonical, or has another shape.
    """
    document = canonical.from_json(payload, at_most_bytes=MAX_PERMIT_BYTES)
    try:
        permit = _from_document(cast("Mapping[str, object]", document))
    except (KeyError, TypeError, ValueError, InputError) as error:
        raise IntegrityError(f"a permit is not understood: {error}") from None
    if permit.payload() != payload:
        raise IntegrityError("a permit has fields that nobody knows")
    return permit


def _from_document(document: Mapping[str, object]) -> Permit:
    version = document["version"]
    return Permit(
        id=PermitId(str(document["id"])),
        room=RoomId(str(document["room"])),
        request=RequestId(str(document["request"])),
        account=AccountId(str(document["account"])),
        counts_as=AccountId(str(document["counts_as"])),
        artifact=ArtifactId(str(document["artifact"])),
        version=None if version is None else int(str(version)),
        roots=tuple(ArtifactId(r) for r in _texts(document["roots"])),
        segments=_texts(document["segments"]),
        segment_ids=_texts(document["segment_ids"]),
        footprints=_texts(document["footprints"]),
        at_most_bytes=int(str(document["at_most_bytes"])),
        purpose_stated=document["purpose_stated"] is True,
        requested_at=parse_time(str(document["requested_at"])),
        not_before=parse_time(str(document["not_before"])),
        expires_at=parse_time(str(document["expires_at"])),
        policy=str(document["policy"]),
    )


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise TypeError("a list of texts was expected")
    return tuple(value)
