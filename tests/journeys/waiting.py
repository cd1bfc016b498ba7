"""Who waits for whom on PostgreSQL."""

from __future__ import annotations

import sqlalchemy as sa

from tests.journeys.rooms import House


def waiting_for_locks(house: House) -> int:
    """Return how many connections wait for a lock of another one."""
    with house.room.room.ledger.reading() as reading:
        waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return int(reading.connection.execute(waiting).scalar_one())
