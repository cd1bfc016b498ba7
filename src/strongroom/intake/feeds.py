"""The newest bundle of advisories that a room took, and how far it can be relied on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from strongroom.access.sessions import Actor
from strongroom.crypto.signing import VerifyKey
from strongroom.database import advisory_tables
from strongroom.database.cells import blob
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.database.times import format_time
from strongroom.errors import ConflictError, IntegrityError
from strongroom.intake.advisories import Bundle, open_bundle
from strongroom.intake.findings import Finding, Level
from strongroom.intake.intakes import Intake
from strongroom.intake.issuers import (
    every_issuer,
    is_awaited,
    note_taken,
    verify_pinned,
)
from strongroom.ledger.events import Event
from strongroom.ledger.log import Reading, Writing

FEED = "advisories"
"""Id of the one row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Which bundle is the newest; of one issuer, its number never goes back.

    Attributes:
        number: Of the bundle.
        digest: SHA-256 of the signed file, hexadecimal.
        taken_at: When it was imported.
    """

    id: str
    revision: int = 1
    number: int
    digest: str
    taken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """An advisory that concerned an intake; ``id`` is ``intake/advisory``.

    Attributes:
        number: Of the bundle that said so first.
    """

    id: str
    revision: int = 1
    intake: str
    advisory: str
    number: int
    found_at: datetime


FEEDS: GuardedTable[Feed] = GuardedTable(advisory_tables.advisory_feeds, Feed)
HITS: GuardedTable[Hit] = GuardedTable(advisory_tables.advisory_hits, Hit)


def newest_feed(transaction: Transaction, *, lock: bool = False) -> Feed | None:
    """Return the row of the newest bundle, if one was ever taken.

    Args:
        transaction: Where to look.
        lock: Whether to keep others from taking the next one.  Then the next entry
            says if there is none, so that the replay sees if it was hidden.

    Raises:
        IntegrityError: It was forged, altered, restored or deleted.
    """
    this = FEEDS.columns.id == FEED
    found = FEEDS.find(transaction, this, lock=lock)
    if not found and lock:
        FEEDS.lock_all(transaction)
        found = FEEDS.find(transaction, this) or FEEDS.find_all(transaction, prefix="")
    elif not found:  # deleted, older bundles would be taken again
        FEEDS.require_all(transaction, prefix=FEED)
    return found[0] if found else None


def load_bundle(transaction: Transaction, feed: Feed, key: VerifyKey) -> Bundle:
    """Return the bundle that was taken, verified again.

    Raises:
        IntegrityError: It is gone, was altered, or is not by this key.
    """
    columns = advisory_tables.advisory_bundles.c
    row = transaction.connection.execute(
        sa.select(columns.bundle).where(columns.digest == feed.digest)
    ).scalar()
    data = blob(row) if row is not None else b""
    if digest_of(data) != feed.digest:
        raise IntegrityError(
            "the bundle of advisories is gone, or was altered",
            hint="import it again: strongroom intake reaudit --bundle FILE",
        )
    bundle = open_bundle(data, key)
    if bundle.number != feed.number:
        raise IntegrityError(f"the bundle {bundle.number} is stored as {feed.number}")
    return bundle


def verify_newer(feed: Feed | None, bundle: Bundle, digest: str, now: datetime) -> None:
    """Check that a bundle may take the place of the one before.

    Args:
        feed: The row of the one before.
        bundle: The new one.
        digest: Of the new one's file.
        now: The time.

    Raises:
        ConflictError: It is older, or another one under the same number.
        IntegrityError: It says that it was issued later than now.
    """
    if bundle.issued > now:
        raise IntegrityError(
            f"bundle {bundle.number} is of {format_time(bundle.issued)[:10]}, which"
            " is still to come",
            hint="look at the clock of this machine, and of whoever issued it",
        )
    if feed is None:
        return
    if bundle.number < feed.number:
        raise ConflictError(
            f"bundle {bundle.number} is older than {feed.number}, the last one",
            hint="ask whoever issues them for the newest",
        )
    if bundle.number == feed.number and digest != feed.digest:
        raise ConflictError(
            f"another bundle of the number {bundle.number} was taken before",
            hint="whoever issues them made two of one number; ask which one counts",
        )


def verify_takeable(
    transaction: Reading | Writing,
    bundle: Bundle,
    digest: str,
    pinned: VerifyKey,
    *,
    locked: bool = False,
) -> None:
    """Check that a bundle may be taken now: numbers count for each issuer alone.

    Args:
        transaction: Where the one before is.
        bundle: By the pinned key.
        digest: Of its file.
        pinned: The key in ``room.toml``.
        locked: As for ``every_issuer``.

    Raises:
        ConflictError: See ``verify_newer``.
        IntegrityError: See ``verify_newer``.
        SetupError: The room trusts another key.
    """
    issuers = every_issuer(transaction, locked=locked)
    verify_pinned(issuers, pinned)
    feed = None if is_awaited(issuers) else newest_feed(transaction)
    verify_newer(feed, bundle, digest, transaction.now)


def take_bundle(
    writing: Writing, actor: Actor, data: bytes, bundle: Bundle, pinned: VerifyKey
) -> None:
    """Put a bundle in the place of the one before, and record it.

    Args:
        writing: The open transaction.
        actor: Who imports it.
        data: The signed file, verified.
        bundle: What it says.
        pinned: The key in ``room.toml``, by which it is signed.

    Raises:
        ConflictError: See ``verify_newer``.
        IntegrityError: See ``verify_newer``.
        SetupError: The room trusts another key.
    """
    digest = digest_of(data)
    feed = newest_feed(writing, lock=True)
    verify_takeable(writing, bundle, digest, pinned, locked=True)
    note_taken(writing, every_issuer(writing), pinned, bundle.number)
    _store(writing, digest, data)
    if feed is not None and feed.digest == digest:
        return
    now = writing.now
    if feed is None:
        first = Feed(id=FEED, number=bundle.number, digest=digest, taken_at=now)
        FEEDS.insert(writing, first)
    else:
        FEEDS.replace(
            writing,
            feed,
            number=bundle.number,
            digest=digest,
            taken_at=now,
        )
    writing.append(_advised(actor, bundle, digest))


def known_hits(
    transaction: Transaction, intake: Intake | None = None
) -> frozenset[str]:
    """Return the ids of all hits that were found before, or of those on an intake."""
    which = [] if intake is None else [HITS.columns.intake == intake.id]
    return frozenset(hit.id for hit in HITS.find(transaction, *which))


def remember_hit(writing: Writing, hit: str, number: int) -> None:
    """Record a hit, so that it is not found anew once somebody decided.

    Args:
        writing: The open transaction.
        hit: Its id, ``intake/advisory``.
        number: Of the bundle.
    """
    intake, _, advisory = hit.partition("/")
    HITS.insert(
        writing,
        Hit(
            id=hit,
            intake=intake,
            advisory=advisory,
            number=number,
            found_at=writing.now,
        ),
    )


def feed_findings(
    bundle: Bundle | None, now: datetime, at_most_age: timedelta
) -> Iterator[Finding]:
    """Yield why a bundle does not say enough; a missing one says nothing.

    Args:
        bundle: The newest one.
        now: The time.
        at_most_age: Of a bundle, from when it was issued.
    """
    if bundle is None:
        yield Finding(
            rule="advisory/none",
            level=Level.WARNING,
            message="no bundle of advisories was ever taken: nothing could be judged",
        )
        return
    if bundle.expires <= now:
        yield Finding(
            rule="advisory/expired",
            level=Level.WARNING,
            message=f"bundle {bundle.number} expired on"
            f" {format_time(bundle.expires)[:10]}",
        )
    if now - bundle.issued > at_most_age:
        yield Finding(
            rule="advisory/stale",
            level=Level.WARNING,
            message=f"bundle {bundle.number} is {(now - bundle.issued).days} days old,"
            f" more than {at_most_age.days}",
        )


def digest_of(data: bytes) -> str:
    """Return the SHA-256 by which a bundle's file is known, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _store(writing: Writing, digest: str, data: bytes) -> None:
    """Keep the newest bundle alone."""
    table = advisory_tables.advisory_bundles
    writing.connection.execute(sa.delete(table))
    writing.connection.execute(sa.insert(table).values(digest=digest, bundle=data))


def _advised(actor: Actor, bundle: Bundle, digest: str) -> Event:
    return actor.event(
        "intake.advised",
        {
            "number": bundle.number,
            "digest": digest,
            "issued": format_time(bundle.issued),
            "expires": format_time(bundle.expires),
            "advisories": len(bundle.advisories),
        },
    )
