"""Slows guessing, per account and per source, and never locks anybody out.

Each failure is counted and committed *before* the password is looked at, so a
crash or a hundred parallel tries win nothing.  An account waits at most
``LONGEST_ACCOUNT_WAIT`` however often a stranger fails on it.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from strongroom import canonical
from strongroom.database import people_tables
from strongroom.errors import DeniedError
from strongroom.ledger.log import Ledger

FREE_FAILURES = 4
"""Failures before the first wait; a person mistypes."""

LONGEST_ACCOUNT_WAIT = timedelta(seconds=60)
LONGEST_SOURCE_WAIT = timedelta(minutes=15)
_FORGET_AFTER = timedelta(hours=1)


def local_source() -> str:
    """Return where attempts come from when there is no server in between.

    One source a user of the machine: whoever guesses slows only themselves.
    """
    return f"local:{os.getuid()}"


def begin(ledger: Ledger, *, account: str, source: str) -> None:
    """Count and commit an attempt for both, or refuse it because it is too early.

    Raises:
        DeniedError: One of them has to wait; the hint says for how long.
    """
    limits = (
        (_subject("account", account), LONGEST_ACCOUNT_WAIT),
        (_subject("source", source), LONGEST_SOURCE_WAIT),
    )
    with ledger.reading() as reading:
        now = reading.now
    with ledger.database.writing() as connection:
        for subject, longest in sorted(limits):
            _count(connection, subject, longest=longest, now=now)


def forget_failures(connection: sa.Connection, *, account: str, source: str) -> None:
    """Start again from zero after a success."""
    # One after the other in the order of ``begin``, so that no two wait in a ring.
    for subject in sorted([_subject("account", account), _subject("source", source)]):
        connection.execute(
            sa.update(people_tables.attempts)
            .where(people_tables.attempts.c.subject == subject)
            .values(failures=0)
        )


def _count(
    connection: sa.Connection, subject: bytes, *, longest: timedelta, now: datetime
) -> None:
    columns = people_tables.attempts.c
    _ensure(connection, subject, now)
    row = connection.execute(
        sa.select(columns.failures, columns.wait_until)
        .where(columns.subject == subject)
        .with_for_update()
    ).one()
    # A wait set far ahead by somebody's clock would lock out: it does not count.
    if now < row.wait_until <= now + longest:
        seconds = int((row.wait_until - now).total_seconds()) + 1
        raise DeniedError(
            "too many attempts failed lately", hint=f"try again in {seconds} s"
        )
    stale = now - row.wait_until > _FORGET_AFTER
    failures = 1 if stale else row.failures + 1
    wait = timedelta(seconds=2 ** min(failures - FREE_FAILURES, 20))
    wait = min(wait, longest) if failures > FREE_FAILURES else timedelta(0)
    connection.execute(
        sa.update(people_tables.attempts)
        .where(columns.subject == subject)
        .values(failures=failures, wait_until=now + wait)
    )


def _ensure(connection: sa.Connection, subject: bytes, now: datetime) -> None:
    """Make the row, unless somebody else does so at the same moment."""
    on_postgresql = connection.dialect.name == "postgresql"
    insert = postgresql.insert if on_postgresql else sqlite.insert
    connection.execute(
        insert(people_tables.attempts)
        .values(subject=subject, failures=0, wait_until=now)
        .on_conflict_do_nothing()
    )


def _subject(kind: str, name: str) -> bytes:
    """A hash: failed names and sources are not kept in the clear."""
    return canonical.digest("strongroom/v1/attempt", kind, name)
