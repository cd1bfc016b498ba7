"""Shares of a segment's key, wrapped for rest at their custodians."""

from __future__ import annotations

from dataclasses import dataclass

from strongroom.crypto.custody.port import KeyCustodian
from strongroom.crypto.keys import SegmentContext
from strongroom.crypto.wraps import segment_context
from strongroom.types import RoomId, Secret, SegmentId
from strongroom.vault.recovery_sets import RecoverySet


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrap:
    """One share of one segment's key under one root key."""

    segment: SegmentId
    share: int
    root_key_id: str
    wrapped: bytes


def wrap_share(
    share: Secret,
    number: int,
    context: SegmentContext,
    *,
    room: RoomId,
    custodian: KeyCustodian,
    recovery: RecoverySet | None,
) -> tuple[Wrap, ...]:
    """Wrap a share at its custodian, and to the domain's recovery key if it has one.

    Args:
        share: 32 random bytes.
        number: Which share, from 0.
        context: What the segment is.
        room: Whose segment.
        custodian: Of this share.
        recovery: The recovery set of the custodian's domain.

    Raises:
        UnavailableError: The custodian does not answer.
    """
    ways = [(custodian.root_key_id, custodian.wrap)]
    if recovery is not None:
        ways.append((recovery.id, recovery.wrap))
    return tuple(
        Wrap(
            segment=context.segment,
            share=number,
            root_key_id=root_key_id,
            wrapped=wrap(
                share,
                segment_context(
                    room=room,
                    artifact=context.artifact,
                    version=context.version,
                    generation=context.generation,
                    segment=context.segment,
                    share=number,
                    root_key_id=root_key_id,
                ),
            ),
        )
        for root_key_id, wrap in ways
    )
