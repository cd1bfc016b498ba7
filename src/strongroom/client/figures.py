"""Head-counts, the oldest permit, and how fast a revocation is felt."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from strongroom.access.sessions import Actor, verify_actor
from strongroom.client.room import Room
from strongroom.crypto.hpke import ReaderKey
from strongroom.database.times import format_time, parse_time
from strongroom.errors import DeniedError, InputError, IntegrityError
from strongroom.ledger.recorded import newest_recorded
from strongroom.permits.headcount import HeadCount, head_count
from strongroom.permits.opening import NONCE_BYTES, Opening
from strongroom.permits.permit import Permit, find_permit
from strongroom.types import PermitId

_DRILLED = "revocation.drilled"
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """How long it took from a revocation to the refusal of its permit.

    Attributes:
        microseconds: From the commit of the one to the commit of the other.
        at: When; aware UTC.
    """

    permit: PermitId
    microseconds: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a house wants to know of all its weights.

    Attributes:
        count: Who could be handed what, and the oldest permit.
        drill: The newest one, if there was any.
    """

    count: HeadCount
    drill: Drill | None


def figures(room: Room, actor: Actor) -> Figures:
    """Return the figures of a room, as of now.

    Raises:
        DeniedError: The actor's session ended.
        IntegrityError: A row was forged, altered or restored.
    """
    with room.ledger.reading() as reading:
        verify_actor(reading, actor, now=reading.now)
        last = newest_recorded(room.ledger, reading, _DRILLED)
        count = head_count(reading, room.gate, room.public_keys.permit)
    if last is None:
        return Figures(count=count, drill=None)
    facts = last.facts
    drill = Drill(
        permit=PermitId(str(facts["permit"])),
        microseconds=int(str(facts["microseconds"])),
        at=parse_time(str(facts["revoked"])),
    )
    return Figures(count=count, drill=drill)


def drill_revocation(
    room: Room,
    actor: Actor,
    permit_id: str,
    *,
    timer: Callable[[], float] = time.perf_counter,
) -> Drill:
    """Revoke the actor's own permit, try to use it, and record how long that took.

    The permit is gone afterwards.  Both steps are the real ones: another process
    that asks for keys between them would wait for the same commit.

    Args:
        room: Where the permit is.
        actor: Whose permit it is.
        permit_id: Of the permit or its request, or its start.
        timer: Seconds that only grow.

    Raises:
        MissingError: There is no such permit.
        InputError: It is somebody else's.
        IntegrityError: Keys left on the revoked permit.
    """
    with room.ledger.reading() as reading:
        permit = find_permit(reading, permit_id).open(room.public_keys.permit)
    if permit.account != actor.account:
        raise InputError(
            "a drill revokes a permit of one's own",
            hint="ask for one: strongroom request NAME --segment S --purpose TEXT",
        )
    room.desk.revoke(actor, permit.id, reason="a drill")
    started = timer()
    refused = _refused(room, actor, permit)
    taken = round((timer() - started) * _MICROSECONDS)
    if not refused:
        raise IntegrityError(f"{permit.id} is revoked, and keys left on it")
    with room.ledger.transaction() as writing:
        at = writing.now
        writing.append(
            actor.event(
                _DRILLED,
                {
                    "permit": permit.id,
                    "microseconds": taken,
                    "revoked": format_time(at),
                },
            )
        )
    return Drill(permit=permit.id, microseconds=taken, at=at)


def _refused(room: Room, actor: Actor, permit: Permit) -> bool:
    """Return whether the desk refuses to release on a permit because it is revoked."""
    opening = Opening(
        permit=permit.id,
        artifact=permit.artifact,
        version=permit.version or 1,
        segments=permit.segments,
        reader=ReaderKey.generate().public,
        nonce=room.random(NONCE_BYTES),
    )
    try:
        room.desk.release(actor, opening)
    except DeniedError as error:
        return "permit-revoked" in error.reasons
    return False
