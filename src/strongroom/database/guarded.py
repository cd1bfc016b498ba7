"""Typed, verified access to the rows that decisions rely on.

Whoever can write to the database without the guard key cannot forge such a row:
its MAC covers table, id, revision and content.  An older row of the same id is
authentic but stale, so every change is also named in a ledger entry
(``entry_rows``), and a row is used only while it is the newest one named.
Somebody who also edits ``entry_rows`` is found by ``ledger.reconcile``, which
compares what every entry says was read.
"""

from __future__ import annotations

import dataclasses
import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Generic

import sqlalchemy as sa

from strongroom.database import tables
from strongroom.database.basis import RowsRead
from strongroom.database.counted import digest_of
from strongroom.database.engine import Transaction
from strongroom.database.guards import RowChange
from strongroom.database.records import R, from_row, to_row
from strongroom.errors import ConflictError, IntegrityError, MissingError


class GuardedTable(Generic[R]):
    """Typed, verified access to one guarded table."""

    def __init__(self, table: sa.Table, record: type[R]) -> None:
        self.table = table
        self.columns = table.c
        self._record = record
        # Made once: it costs as much as running the statement.
        self._rows = sa.select(table, _newest_named(table)).order_by(table.c.id)

    def insert(self, transaction: Transaction, record: R) -> R:
        """Write a new row.

        Raises:
            ConflictError: The id, or another unique column, is taken.
        """
        row = to_row(record)
        change = self._change(transaction, row)
        transaction.connection.execute(
            sa.insert(self.table).values(**row, mac=change.mac)
        )
        transaction.record(change)
        return record

    def replace(self, transaction: Transaction, record: R, **changes: object) -> R:
        """Write ``record`` with ``changes`` as the next revision of its row.

        Raises:
            ConflictError: The row is no longer at the revision of ``record``.
        """
        following = dataclasses.replace(  # type: ignore[type-var]  # R is a dataclass
            record, revision=record.revision + 1, **changes
        )
        row = to_row(following)
        change = self._change(transaction, row)
        result = transaction.connection.execute(
            sa.update(self.table)
            .where(self.columns.id == record.id)
            .where(self.columns.revision == record.revision)
            .values(**row, mac=change.mac)
        )
        if result.rowcount != 1:
            raise ConflictError(
                f"{record.id} was changed by somebody else", hint="look again"
            )
        transaction.record(change)
        return following

    def get(self, transaction: Transaction, id: str, *, lock: bool = False) -> R:  # noqa: A002 (the column's name)
        """Return the verified row, locked against other writers on request.

        Raises:
            MissingError: There is no such row.
            IntegrityError: It was forged, altered or restored.
        """
        rows = self.find(transaction, self.columns.id == id, lock=lock)
        if not rows:
            raise MissingError(f"nothing is called {id[:80]!r}")
        return rows[0]

    def find(
        self,
        transaction: Transaction,
        *where: sa.ColumnElement[bool],
        lock: bool = False,
    ) -> list[R]:
        """Return the verified rows that match, ordered by id.

        The next entry names each of them, so that the replay sees if one was
        outdated.

        Raises:
            IntegrityError: One of them was forged, altered or restored.
        """
        if lock:
            self._lock(transaction, *where)
        found = [record for record, _ in self._select(transaction, *where)]
        for row in found:
            if (self.table.name, row.id) not in transaction.written:
                transaction.reads.add_row(self.table.name, row.id, row.revision)
        return found

    def find_listed(self, transaction: Transaction, ids: Sequence[str]) -> list[R]:
        """Return the verified rows of these ids, ordered by id; all must be there.

        For a list that another row keeps: that row is named, these are not.

        Raises:
            IntegrityError: One was deleted, forged, altered or restored.
        """
        where = self.columns.id.in_(ids)
        found = [record for record, _ in self._select(transaction, where)]
        gone = set(ids) - {row.id for row in found}
        if gone:
            raise self._deleted(min(gone))
        return found

    def _lock(self, transaction: Transaction, *where: sa.ColumnElement[bool]) -> None:
        """Keep other writers from these rows until the commit.

        A statement of its own: PostgreSQL reads a row that it had to wait for in
        its newest form, but every other table as it was before the wait, so the
        naming of the row would look outdated.  SQLite has one writer anyway.
        """
        if transaction.connection.dialect.name != "sqlite":
            columns = self.columns.id
            transaction.connection.execute(
                sa.select(columns).where(*where).order_by(columns).with_for_update()
            ).all()

    def lock_all(self, transaction: Transaction) -> None:
        """Keep others from writing or locking any row until the commit.

        Locking too: whoever locked a row, and waited here to write it, could be waited
        for by whoever has the table and wants that row.
        """
        if transaction.connection.dialect.name != "sqlite":
            transaction.connection.execute(
                sa.text(f"LOCK TABLE {self.table.name} IN EXCLUSIVE MODE")
            )

    def find_all(self, transaction: Transaction, *, prefix: str) -> list[R]:
        """Return every row whose id starts with ``prefix``, and none may be missing.

        ``find`` cannot see that a row was deleted or moved out of its filter.
        This compares with the ids that the ledger named, and is asked where
        less than the truth would allow more: exposure, second factors.

        The next entry names the digest of all of them, so that the replay sees if
        one was hidden together with its naming.  In a transaction that writes, the
        caller holds a lock that everybody takes who writes below ``prefix``: a
        lineage, a permit, an account.  ``ledger.replay`` says why.

        Args:
            transaction: Where to look.
            prefix: Ends in ``/``, as in ``model-1/``; or empty, for every row: then
                the lock is that of ``lock_all``.

        Raises:
            IntegrityError: One was deleted, forged, altered or restored.
        """
        self.require_all(transaction, prefix=prefix)
        found = self._select(transaction, *_below(self.columns.id, prefix))
        rows = ((row.id, row.revision, mac) for row, mac in found)
        transaction.reads.add_set(
            RowsRead(
                table=self.table.name,
                prefix=prefix,
                after=len(transaction.changes),
                digest=digest_of(self.table.name, prefix, rows),
            )
        )
        return [record for record, _ in found]

    def require_all(self, transaction: Transaction, *, prefix: str) -> None:
        """Check that every row that the ledger named is there.

        Args:
            transaction: Where to look.
            prefix: How the ids begin; ends in ``/``.  Or one id.  Or empty, for
                every row of the table.

        Raises:
            IntegrityError: One was deleted.
        """
        named = tables.entry_rows.c
        ids: tuple[sa.ColumnElement[bool], ...] = ()
        if prefix:
            ids = (
                _below(named.row_id, prefix)
                if prefix.endswith("/")
                else (named.row_id == prefix,)
            )
        gone = transaction.connection.execute(
            sa.select(named.row_id)
            .where(named.table_name == self.table.name, *ids)
            .where(~sa.exists().where(self.columns.id == named.row_id))
            .limit(1)
        ).scalar()
        if gone is not None:
            raise self._deleted(gone)

    def _deleted(self, row_id: str) -> IntegrityError:
        return IntegrityError(
            f"{self.table.name} {row_id} was deleted",
            hint="strongroom ledger verify names every deleted row",
        )

    def _select(
        self, transaction: Transaction, *where: sa.ColumnElement[bool]
    ) -> list[tuple[R, bytes]]:
        rows = transaction.connection.execute(self._rows.where(*where))
        try:
            return [self._verified(transaction, row._asdict()) for row in rows]
        except (TypeError, ValueError):  # SQLite keeps any type in any column
            raise IntegrityError(
                f"a row of {self.table.name} holds what no room writes",
                hint="strongroom ledger verify names every altered row",
            ) from None

    def _verified(
        self, transaction: Transaction, row: Mapping[str, Any]
    ) -> tuple[R, bytes]:
        values = {k: v for k, v in row.items() if k not in ("mac", "named_mac")}
        name = f"{self.table.name} {values['id']}"
        mac = transaction.guards.mac(self.table.name, values)
        if not hmac.compare_digest(mac, row["mac"]):
            raise IntegrityError(
                f"{name} was not written by this room",
                hint="strongroom ledger verify names every altered row",
            )
        key = (self.table.name, str(values["id"]))
        named = transaction.written.get(key, row["named_mac"])
        if named is None or not hmac.compare_digest(mac, named):
            raise IntegrityError(
                f"{name} is not what the ledger last recorded of it",
                hint="strongroom ledger verify names every restored row",
            )
        return from_row(self._record, values), mac

    def _change(self, transaction: Transaction, row: Mapping[str, object]) -> RowChange:
        return RowChange(
            table=self.table.name,
            id=str(row["id"]),
            revision=int(str(row["revision"])),
            mac=transaction.guards.mac(self.table.name, row),
        )


def _below(column: sa.Column[str], prefix: str) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the range of ids that start with ``prefix``, which an index serves."""
    if not prefix:
        return ()
    return column >= prefix, column < prefix[:-1] + chr(ord(prefix[-1]) + 1)


def _newest_named(table: sa.Table) -> sa.Label[bytes]:
    """The MAC that the newest ledger entry about the row states."""
    named = tables.entry_rows.c
    return (
        sa.select(named.mac)
        .where(named.table_name == table.name, named.row_id == table.c.id)
        .order_by(named.entry_id.desc())
        .limit(1)
        .scalar_subquery()
        .label("named_mac")
    )
