"""The ledger in the database: transactions whose changes are all recorded.

``Ledger.transaction`` is how anything in Strongroom is written: it gives the
time for decisions, takes events, and commits rows and entries together or not
at all.  A guarded row changed without an entry fails the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from strongroom.crypto.signing import SigningKey, VerifyKey
from strongroom.database import tables
from strongroom.database.engine import Database, Transaction
from strongroom.database.guards import Guards
from strongroom.errors import MissingError, SetupError, UnavailableError
from strongroom.ledger import events, sequencer
from strongroom.ledger.checkpoint import Checkpoint, VerifierKey
from strongroom.ledger.events import Event
from strongroom.ledger.tiles import node_reader
from strongroom.ledger.tree import (
    NodeReader,
    inclusion_proof,
    leaf_hash,
)
from strongroom.types import Random

MOST_CLOCK_LAG = timedelta(seconds=5)
"""A clock further behind the newest entry was set back: decisions stop."""

SALT_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry as it stands in the ledger.

    Attributes:
        id: Order of arrival in the database.
        position: Index in the tree, from 0; ``None`` until it is sequenced.
        body: The bytes that the tree hashes.
        attached: The document that ``body`` names by digest, if any.
    """

    id: int
    position: int | None
    body: bytes
    attached: bytes | None = None

    @property
    def leaf(self) -> bytes:
        """The 32-byte leaf hash."""
        return leaf_hash(self.body)


@dataclass(slots=True, kw_only=True)
class Writing(Transaction):
    """A transaction that can change guarded rows and append entries.

    Attributes:
        now: The later of the clock and the newest entry, aware UTC.
        entries: What was appended so far.
    """

    now: datetime
    random: Random
    entries: list[Entry] = field(default_factory=list)

    def append(self, event: Event) -> Entry:
        """Record ``event`` and every guarded row changed since the last entry.

        Raises:
            InputError: It does not fit an entry.
        """
        rows = list(self.changes)
        salt = self.random(SALT_BYTES)
        encoded = events.encode(event, at=self.now, rows=rows, salt=salt)
        entry_id = self._insert(event, encoded)
        if rows:
            named = [
                {
                    "entry_id": entry_id,
                    "table_name": row.table,
                    "row_id": row.id,
                    "revision": row.revision,
                    "mac": row.mac,
                }
                for row in {(r.table, r.id): r for r in rows}.values()
            ]
            self.connection.execute(sa.insert(tables.entry_rows), named)
            self.changes.clear()
        entry = Entry(
            id=entry_id, position=None, body=encoded.body, attached=encoded.attached
        )
        self.entries.append(entry)
        return entry

    def _insert(self, event: Event, encoded: events.Encoded) -> int:
        result = self.connection.execute(
            sa.insert(tables.entries)
            .values(
                at=self.now,
                kind=event.kind,
                body=encoded.body,
                leaf=leaf_hash(encoded.body),
                attached=encoded.attached,
            )
            .returning(tables.entries.c.id)
        )
        entry_id = int(result.scalar_one())
        if encoded.private is not None:
            self.connection.execute(
                sa.insert(tables.private_facts).values(
                    entry_id=entry_id,
                    subject=event.subject or event.actor or "",
                    salt=encoded.salt,
                    payload=encoded.private.decode(),
                )
            )
        return entry_id


@dataclass(slots=True, kw_only=True)
class Reading(Transaction):
    """One consistent state to read.

    Attributes:
        now: The later of the clock and the newest entry, aware UTC.
    """

    now: datetime


class Ledger:
    """Everything that happened, in order, under signed checkpoints."""

    def __init__(
        self,
        database: Database,
        *,
        origin: str,
        key: VerifyKey,
        signer: SigningKey | None,
        guards: Guards,
        now: Callable[[], datetime],
        random: Random,
    ) -> None:
        """Wire the ledger; nothing is read yet.

        Args:
            database: Where rows and entries live.
            origin: Name of the ledger in its checkpoints.
            key: What the room's settings pin; every checkpoint must verify.
            signer: Signs checkpoints; ``None`` while the room is locked.
            guards: MACs of guarded rows.
            now: The clock, aware UTC.
            random: Source of salts.
        """
        self.database = database
        self.origin = origin
        self.key = key
        self.verifier = VerifierKey(origin=origin, public=key.raw)
        self._signer = signer
        self._guards = guards
        self._now = now
        self._random = random

    @contextmanager
    def transaction(self) -> Iterator[Writing]:
        """Commit rows and entries together; on return they are sequenced.

        Raises:
            UnavailableError: The room is locked, or the database did not answer.
            SetupError: The clock is behind the newest entry.
            ConflictError: A row with this key exists already.
        """
        with self.database.writing() as connection:
            writing = Writing(
                connection=connection,
                guards=self._guards,
                now=self._time(connection, strict=True),
                random=self._random,
            )
            yield writing
            if writing.changes:
                names = ", ".join(change.table for change in writing.changes)
                raise AssertionError(f"no ledger entry names the change of {names}")
            # SQLite has one writer, so entries get their index where they are
            # made: no second commit, no second fsync.
            if writing.entries and self.database.is_sqlite:
                self._sequence(connection)
        if writing.entries and not self.database.is_sqlite:
            with self.database.writing() as connection:
                sequencer.lock(connection)
                self._sequence(connection)

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Read one consistent state.

        Raises:
            UnavailableError: The database did not answer.
        """
        with self.database.reading() as connection:
            now = self._time(connection, strict=False)
            yield Reading(connection=connection, guards=self._guards, now=now)

    def checkpoint(self, transaction: Transaction) -> Checkpoint | None:
        """Return the newest checkpoint, verified; ``None`` in an empty ledger.

        Raises:
            IntegrityError: Its signature does not verify with the pinned key.
        """
        note = sequencer.newest_note(transaction.connection)
        if note is None:
            return None
        return Checkpoint.open(note, key=self.verifier, verify=self.key.verify_bytes)

    def nodes(self, transaction: Transaction) -> NodeReader:
        """Return a reader of subtree roots over the stored tiles."""
        return node_reader(sequencer.tile_reader(transaction.connection))

    def prove(self, transaction: Transaction, position: int) -> list[bytes]:
        """Return the inclusion proof of one entry under the newest checkpoint.

        Raises:
            MissingError: There is no such entry.
        """
        checkpoint = self.checkpoint(transaction)
        size = checkpoint.size if checkpoint else 0
        if not 0 <= position < size:
            raise MissingError(
                f"entry {position} is outside a ledger of {size}",
                hint="strongroom ledger tail",
            )
        return inclusion_proof(self.nodes(transaction), index=position, size=size)

    def entry(self, transaction: Transaction, position: int) -> Entry:
        """Return one entry by its index.

        Raises:
            MissingError: There is no such entry.
        """
        found = list(self.entries(transaction, position, position + 1))
        if not found:
            raise MissingError(f"there is no entry {position}")
        return found[0]

    def entries(
        self, transaction: Transaction, start: int, end: int | None = None
    ) -> Iterator[Entry]:
        """Yield the entries from index ``start`` up to before ``end``."""
        columns = tables.entries.c
        statement = (
            sa.select(columns.id, columns.position, columns.body, columns.attached)
            .where(columns.position >= start)
            .order_by(columns.position)
            .execution_options(yield_per=1000)
        )
        if end is not None:
            statement = statement.where(columns.position < end)
        with transaction.connection.execute(statement) as rows:  # a cursor of its own
            for row in rows:
                yield Entry(
                    id=row.id,
                    position=row.position,
                    body=row.body,
                    attached=row.attached,
                )

    def _sequence(self, connection: sa.Connection) -> None:
        if self._signer is None:
            raise UnavailableError(
                "the room is locked", hint="give the passphrase of its home custodian"
            )
        sequencer.sequence(connection, origin=self.origin, signer=self._signer)

    def _time(self, connection: sa.Connection, *, strict: bool) -> datetime:
        """Return the later of the clock and the newest entry."""
        newest: datetime | None = connection.execute(
            sa.select(tables.entries.c.at).order_by(tables.entries.c.id.desc()).limit(1)
        ).scalar()
        clock = self._now()
        if newest is None:
            return clock
        if strict and clock < newest - MOST_CLOCK_LAG:
            raise SetupError(
                f"the clock is {newest - clock} behind the newest entry",
                hint="set the clock; nothing is decided in the past",
            )
        return max(clock, newest)
