"""Checks guarded rows against the entries since the last time, not against all.

When every row was what the ledger says, the room writes down how far the ledger
was then and a digest of all rows, under a MAC.  The next check reads the entries
since.  It takes the present rows, puts the changed ones back to what the index
says they were, and compares the digest: if it is right, index and unchanged rows
are true, and the entries say what the changed ones have to be.

What is written down lies in the database.  Whoever removes it, or puts an older
one back, makes the next check longer and hides nothing: the entries are proved
against the signed checkpoint.

Contents of rows are not read: MACs are compared with them at every use.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import sqlalchemy as sa

from strongroom.database import tables
from strongroom.database.basis import Basis
from strongroom.database.engine import Transaction
from strongroom.errors import IntegrityError
from strongroom.ledger.frontier import Frontier
from strongroom.ledger.log import Entry, Ledger
from strongroom.ledger.present import (
    Row,
    digest_of_rows,
    present_rows,
    rows_before,
)
from strongroom.ledger.reconcile import (
    Finding,
    RowFinding,
    differences,
    past,
)
from strongroom.ledger.replay import Named, Replay, prefixes_of
from strongroom.ledger.rows import Rows, rows_of
from strongroom.ledger.sequencer import waiting

RENEWED_AFTER = 256
"""Entries after which it is written anew; reading them again takes 5 ms."""

_AT_ONCE = 1024
_NOTHING = Rows(changes=(), basis=Basis(seen=0))
"""Stands for every entry that is about no row; most of a large ledger are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """How far all rows were what the entries say.

    Attributes:
        frontier: Of the ledger then.
        rows: 32-byte digest of every row.
    """

    frontier: Frontier
    rows: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check found.

    Attributes:
        differing: Rows that are not what they should be now.
        past: What was done in sight of other rows.
        confirmed: What to write down, if that is due and no row differs.
    """

    differing: tuple[RowFinding, ...] = ()
    past: tuple[Finding, ...] = ()
    confirmed: Confirmed | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that was found."""
        return (*self.past, *self.differing)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Since:
    """What the entries since some point say, proved against the checkpoint.

    Attributes:
        frontier: That of the newest checkpoint.
        indexed: What entries say of rows, in order.
        late: The same of those that wait for an index.
    """

    frontier: Frontier
    indexed: list[Rows]
    late: list[Rows]


def check_rows(ledger: Ledger, transaction: Transaction) -> Checked:
    """Return what differs between the guarded tables and the ledger.

    All entries are replayed when nothing is written down yet, or when something
    differs: only that says what.

    Raises:
        IntegrityError: The entries are not those of the newest checkpoint, or one
            cannot be read; ``checks.check_all`` says more.
        UnavailableError: The room is locked.
    """
    known = _load(transaction)
    quick = _check_since(ledger, transaction, known) if known else None
    return quick or _check_whole(ledger, transaction)


def save(ledger: Ledger, confirmed: Confirmed) -> None:
    """Write down how far rows were confirmed, in a commit of its own.

    Raises:
        UnavailableError: The database did not answer, or the room is locked.
    """
    frontier, rows = confirmed.frontier.to_bytes(), confirmed.rows
    with ledger.database.writing() as connection:
        connection.execute(sa.delete(tables.confirmed))
        connection.execute(
            sa.insert(tables.confirmed).values(
                size=confirmed.frontier.size,
                frontier=frontier,
                rows=rows,
                mac=ledger.guards.confirmed_mac(frontier, rows),
            )
        )


def _load(transaction: Transaction) -> Confirmed | None:
    """Return what was written down last, if this room wrote it."""
    columns = tables.confirmed.c
    row = transaction.connection.execute(
        sa.select(columns.frontier, columns.rows, columns.mac)
        .order_by(columns.size.desc())
        .limit(1)
    ).one_or_none()
    try:
        mac = row and transaction.guards.confirmed_mac(row.frontier, row.rows)
        if row is None or not hmac.compare_digest(mac, row.mac):
            return None
    except (AttributeError, TypeError):  # SQLite keeps any type in any column
        return None
    return Confirmed(frontier=Frontier.from_bytes(row.frontier), rows=row.rows)


def _check_since(
    ledger: Ledger, transaction: Transaction, known: Confirmed
) -> Checked | None:
    """Return that no row differs, or ``None`` if that cannot be said."""
    since = _since(ledger, transaction, known.frontier)
    if since is None:
        return None
    every = [rows for rows in (*since.indexed, *since.late) if rows.says_anything]
    try:
        present = present_rows(transaction)
        base = list(rows_before(transaction, present, every))
        if not hmac.compare_digest(digest_of_rows(base), known.rows):
            return None
        replay = _replayed(base, since, known.frontier.size) if every else Replay()
        if not _is_as_named(present, replay, every):
            return None
    except (AttributeError, OverflowError, TypeError, ValueError):
        return None  # a cell of another type
    renew = len(since.indexed) >= RENEWED_AFTER and not since.late
    return Checked(
        past=tuple(past(replay)),
        confirmed=_confirm(since.frontier, present) if renew else None,
    )


def _replayed(base: Iterable[Row], since: _Since, size: int) -> Replay:
    """Return what the entries after the first ``size`` say, on top of ``base``."""
    every = [*since.indexed, *since.late]
    single = {(c.table, c.id) for rows in every for c in rows.changes}
    single |= {(used.table, used.id) for rows in every for used in rows.basis.used}
    counted = {(read.table, read.prefix) for rows in every for read in rows.basis.reads}
    named = {
        (table, row_id): Named(None, revision, mac)
        for table, row_id, revision, mac in base
        if (table, row_id) in single
        or (counted and any((table, p) in counted for p in prefixes_of(row_id)))
    }
    replay = Replay.resumed(named, size, counted)
    for offset, rows in enumerate(since.indexed):
        replay.take(rows, size + offset)
    for rows in since.late:
        replay.take(rows, None)
    return replay


def _check_whole(ledger: Ledger, transaction: Transaction) -> Checked:
    """Replay every entry; the rows are confirmed if none differs.

    Raises:
        IntegrityError: The entries are not those of the checkpoint.
    """
    replay, frontier = Replay(), Frontier()
    checkpoint = ledger.checkpoint(transaction)
    size = checkpoint.size if checkpoint else 0
    for entries in _several(ledger.entries(transaction, 0, size)):
        for entry in entries:
            replay.take(_rows_of(entry), entry.position)
        frontier = frontier.extend([entry.leaf for entry in entries])
    if checkpoint and (frontier.size, frontier.root()) != (size, checkpoint.root):
        raise IntegrityError(
            "the entries are not those of the newest checkpoint",
            hint="strongroom ledger verify; restore a backup",
        )
    late = waiting(transaction.connection, transaction.guards)
    for entry_late in late:
        replay.take(rows_of(entry_late.body, entry_late.attached), None)
    differing = tuple(differences(transaction, replay))
    confirmed = None
    if not differing and not late:
        confirmed = _confirm(frontier, present_rows(transaction))
    return Checked(differing=differing, past=tuple(past(replay)), confirmed=confirmed)


def _since(ledger: Ledger, transaction: Transaction, before: Frontier) -> _Since | None:
    """Return what the entries after ``before`` say, if the checkpoint covers them."""
    checkpoint = ledger.checkpoint(transaction)
    if checkpoint is None or checkpoint.size < before.size:
        return None
    after, indexed = before, list[Rows]()
    for entries in _several(ledger.entries(transaction, before.size, checkpoint.size)):
        after = after.extend([entry.leaf for entry in entries])
        found = (_rows_of(entry) for entry in entries)
        indexed += (rows if rows.says_anything else _NOTHING for rows in found)
    if (after.size, after.root()) != (checkpoint.size, checkpoint.root):
        return None
    late = waiting(transaction.connection, transaction.guards)
    return _Since(
        frontier=after,
        indexed=indexed,
        late=[rows_of(entry.body, entry.attached) for entry in late],
    )


def _several(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    """Yield entries in lists: a program that ran for months left a million."""
    while found := list(islice(entries, _AT_ONCE)):
        yield found


def _rows_of(entry: Entry) -> Rows:
    """Return what an entry says of rows.

    Raises:
        IntegrityError: It cannot be read, which no entry of ours is.
    """
    try:
        return rows_of(entry.body, entry.attached)
    except IntegrityError:
        raise IntegrityError(
            f"entry {entry.position} is not what the signed tree has there",
            hint="strongroom ledger verify; restore a backup",
        ) from None


def _is_as_named(
    present: Iterable[Row], replay: Replay, entries: Iterable[Rows]
) -> bool:
    """Return whether the rows that these entries changed are what they say."""
    changed = {(c.table, c.id) for rows in entries for c in rows.changes}
    found = {row[:2]: row[2:] for row in present if row[:2] in changed}
    return all(replay.named[key][1:] == found.get(key) for key in changed)


def _confirm(frontier: Frontier, present: list[Row]) -> Confirmed:
    return Confirmed(frontier=frontier, rows=digest_of_rows(present))
