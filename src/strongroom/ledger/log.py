"""The ledger in the database: transactions whose changes are all recorded.

``Ledger.transaction`` is how anything in Strongroom is written: it gives the
time for decisions, takes events, and commits rows and entries together or not
at all.  A guarded row changed without an entry fails the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from strongroom.crypto.mldsa import MlDsaKey
from strongroom.crypto.signing import SigningKey, VerifyKey
from strongroom.database import tables
from strongroom.database.engine import Database, Transaction
from strongroom.database.guards import Guards
from strongroom.errors import MissingError
from strongroom.ledger import events, sequencer, tree
from strongroom.ledger.checkpoint import Checkpoint, VerifierKey
from strongroom.ledger.clock import Newest, check_clock, newest_entry
from strongroom.ledger.events import Encoded, Event
from strongroom.ledger.notes import Notes
from strongroom.ledger.pending import Pending
from strongroom.ledger.tiles import node_reader
from strongroom.ledger.tree import NodeReader, inclusion_proof, leaf_hash
from strongroom.types import Random

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
        seen: How many entries were under the newest checkpoint when it began.
        pending: What was appended so far; it is written when the transaction ends.
    """

    now: datetime
    seen: int
    random: Random
    pending: Pending

    def append(self, event: Event) -> Encoded:
        """Record ``event``, and guarded rows changed or read since the last entry.

        Raises:
            InputError: It does not fit an entry.
        """
        salt = self.random(SALT_BYTES) if event.private else b""
        changed = ((change.table, change.id) for change in self.changes)
        encoded = events.encode(
            event,
            at=self.pending.at,
            rows=self.changes,
            salt=salt,
            basis=self.reads.take(self.seen, changed),
        )
        self.pending.add(event, encoded, self.changes)
        self.changes.clear()
        return encoded


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
        since: int | None = None,
        second: MlDsaKey | None = None,
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
            since: Size of the first checkpoint with two signatures; ``None`` if one
                is enough.
            second: Key of the second of them.
        """
        self.database = database
        self.notes = Notes(
            origin=origin, key=key, signer=signer, since=since, second=second
        )
        self.guards = guards
        self._now = now
        self._random = random

    @property
    def verifier(self) -> VerifierKey:
        """What an outsider keeps to check this ledger."""
        return self.notes.verifier

    @contextmanager
    def transaction(self) -> Iterator[Writing]:
        """Commit rows and entries together; on return they are sequenced.

        Raises:
            UnavailableError: The room is locked, or the database did not answer.
                On PostgreSQL everything may be committed nevertheless, when only
                the sequencer had to wait too long; see ``catch_up``.
            SetupError: The clock is behind the newest entry.
            ConflictError: A row with this key exists already.
            IntegrityError: The newest entry, the stored tree, or an entry that
                waits for its index is not what this room wrote.
        """
        with self.database.writing() as connection:
            newest = newest_entry(connection, self.guards)
            now = self._time(newest, strict=True)
            writing = Writing(
                connection=connection,
                guards=self.guards,
                now=now,
                seen=newest.size,
                random=self._random,
                pending=Pending(now=now),
            )
            yield writing
            if writing.changes:
                names = ", ".join(change.table for change in writing.changes)
                raise AssertionError(f"no ledger entry names the change of {names}")
            covered = not writing.pending or sequencer.store(
                connection, writing.pending, notes=self.notes, guards=self.guards
            )
        if not covered:
            self.catch_up()

    def catch_up(self) -> None:
        """Index what was committed without an index, if anything.

        That is what a writer leaves that had to commit beside another one, and
        what a crash leaves between its two commits.

        Raises:
            UnavailableError: The room is locked, the database did not answer, or
                other writers took too long.  What is committed stays so, and the
                next transaction indexes it.
            IntegrityError: The stored tree is damaged, or an entry was forged.
        """
        with self.database.writing() as connection:
            if not self.database.is_sqlite:
                sequencer.lock(connection)
            sequencer.sequence(connection, notes=self.notes, guards=self.guards)

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Read one consistent state.

        Raises:
            UnavailableError: The database did not answer.
        """
        with self.database.reading() as connection:
            now = self._time(newest_entry(connection, None), strict=False)
            yield Reading(connection=connection, guards=self.guards, now=now)

    def checkpoint(self, transaction: Transaction) -> Checkpoint | None:
        """Return the newest checkpoint, verified; ``None`` in an empty ledger.

        Raises:
            IntegrityError: Its signature does not verify with the pinned key.
        """
        note = sequencer.newest_note(transaction.connection)
        return None if note is None else self.notes.open(note)

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
        known = (
            0 <= position < tree.AT_MOST_ENTRIES
        )  # no database takes a longer number
        found = list(self.entries(transaction, position, position + 1)) if known else []
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
                yield Entry(**row._asdict())

    def _time(self, newest: Newest, *, strict: bool) -> datetime:
        """Return the later of the clock and the newest entry."""
        clock = self._now()
        if newest.at is None:
            return clock
        if strict:
            check_clock(clock, newest.at)
        return max(clock, newest.at)
