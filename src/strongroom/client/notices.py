"""What a person is told at the next use of a room: openings that began to wait.

Where nobody else can agree, a restricted model opens a day after it was asked for.
Whoever has the passphrase can ask; the day is for its owner to see it and revoke.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from strongroom.access.accounts import ACCOUNTS
from strongroom.client.room import Room
from strongroom.database.times import parse_time
from strongroom.ledger.log import Reading
from strongroom.permits.permit import PERMITS, PermitState
from strongroom.types import PermitId
from strongroom.vault.versions import ARTIFACTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A permit that waits, or that waited since this user looked last.

    Attributes:
        asker: Name of who asked.
        opens_at: From when it can be used.
    """

    permit: PermitId
    model: str
    asker: str
    asked_at: datetime
    opens_at: datetime
    expires_at: datetime


def notices(room: Room) -> list[Notice]:
    """Return the permits that began after what this user saw last, oldest first.

    Without a memory of what was seen, those that have not ended.

    Args:
        room: Whose permits; opened with the place of that memory.

    Raises:
        IntegrityError: A row is not what was written.
    """
    with room.ledger.reading() as reading:
        since = _seen_until(room, reading)
        rows = PERMITS.find(
            reading,
            PERMITS.columns.state == PermitState.ACTIVE,
            sa.or_(
                PERMITS.columns.expires_at > reading.now,
                PERMITS.columns.expires_at > (since or reading.now),
            ),
        )
        permits = [row.open(room.public_keys.permit) for row in rows]
        waiting = [
            permit
            for permit in permits
            if permit.not_before > permit.requested_at
            and (since is None or permit.not_before > since)
        ]
        found = [
            Notice(
                permit=permit.id,
                model=ARTIFACTS.get(reading, permit.artifact).name,
                asker=ACCOUNTS.get(reading, permit.account).name,
                asked_at=permit.requested_at,
                opens_at=permit.not_before,
                expires_at=permit.expires_at,
            )
            for permit in waiting
        ]
    return sorted(found, key=lambda notice: notice.asked_at)


def _seen_until(room: Room, reading: Reading) -> datetime | None:
    """Return when the newest entry was written that this user had seen before."""
    if room.seen is None or not room.seen.size:
        return None
    entry = room.ledger.entry(reading, room.seen.size - 1)
    return parse_time(str(json.loads(entry.body)["at"]))
