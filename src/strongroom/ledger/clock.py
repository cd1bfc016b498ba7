"""The time for decisions: the clock, but never before the newest entry."""

from __future__ import annotations

import hmac
import operator
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from strongroom.database import tables
from strongroom.database.guards import Guards
from strongroom.database.times import parse_time
from strongroom.errors import IntegrityError, SetupError

MOST_CLOCK_LAG = timedelta(seconds=5)
"""A clock further behind the newest entry was set back: decisions stop."""

_COLUMNS = tables.entries.c
_NEWEST = (
    sa.select(_COLUMNS.id, _COLUMNS.leaf, _COLUMNS.mac)
    .add_columns(sa.type_coerce(_COLUMNS.at, sa.Text).label("at"))
    .add_columns(
        sa.select(sa.func.max(tables.checkpoints.c.size))
        .scalar_subquery()
        .label("size")
    )
    .order_by(_COLUMNS.id.desc())
    .limit(1)
)


class Newest(NamedTuple):
    """How far the ledger is.

    Attributes:
        at: When the newest entry was made; ``None`` if that cannot be read.
        size: Entries under the newest checkpoint.
    """

    at: datetime | None
    size: int


def newest_entry(connection: sa.Connection, guards: Guards | None) -> Newest:
    """Return when the newest entry was made, and how many have an index.

    Args:
        connection: Where to look.
        guards: Checks that this room wrote that time, since whoever could move it
            on would end waiting periods; ``None`` when nothing is decided.

    Raises:
        IntegrityError: This room did not write it.
        UnavailableError: The room is locked.
    """
    newest = connection.execute(_NEWEST).one_or_none()
    if newest is None:
        return Newest(None, 0)
    try:
        at = parse_time(newest.at)
        mac = guards and guards.entry_mac(newest.id, at, newest.leaf)
        right = mac is None or hmac.compare_digest(mac, newest.mac)
        size = operator.index(newest.size or 0)
    except (TypeError, ValueError):  # SQLite keeps any type in any column
        at, size, right = None, 0, guards is None
    if not right:
        raise IntegrityError(
            "the newest entry was not written by this room",
            hint="somebody writes to the database; strongroom ledger verify",
        )
    return Newest(at, size)


def check_clock(clock: datetime, newest: datetime) -> None:
    """Refuse a clock that was set back.

    Raises:
        SetupError: It is more than ``MOST_CLOCK_LAG`` behind the newest entry.
    """
    if clock < newest - MOST_CLOCK_LAG:
        raise SetupError(
            f"the clock is {newest - clock} behind the newest entry",
            hint="set the clock; nothing is decided in the past",
        )
