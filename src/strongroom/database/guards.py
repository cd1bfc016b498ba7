"""Rows that a decision relies on carry a MAC and are named by the ledger.

Whoever can write to the database without the guard key cannot forge such a row:
its MAC covers table, id, revision and content.  An older row of the same id is
authentic but stale, so every change is also named in a ledger entry
(``entry_rows``), and a row is used only while it is the newest one named.
Somebody who also edits ``entry_rows`` is found by ``ledger.reconcile``.

Source: DESIGN section 3, "The administrator of the database is an attacker".
"""

from __future__ import annotations

import dataclasses
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic

import sqlalchemy as sa

from strongroom import canonical
from strongroom.database import tables
from strongroom.database.engine import Transaction
from strongroom.database.records import R, from_row, to_row
from strongroom.database.times import format_time
from strongroom.errors import (
    ConflictError,
    IntegrityError,
    MissingError,
    UnavailableError,
)
from strongroom.types import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChange:
    """One guarded row as written: what a ledger entry says of it."""

    table: str
    id: str
    revision: int
    mac: bytes


class Guards:
    """Computes the MACs of decision rows; without a key it refuses."""

    def __init__(self, key: Secret | None) -> None:
        self._key = key

    def mac(self, table: str, row: Mapping[str, object]) -> bytes:
        """Return the 32-byte MAC over table, id, revision and all content.

        Raises:
            UnavailableError: The home custodian is locked.
        """
        content = canonical.to_json({k: _plain(v) for k, v in row.items()})
        return self._digest("strongroom/v1/row", table, str(row["id"]), content)

    def entry_mac(self, entry_id: int, at: datetime, leaf: bytes) -> bytes:
        """Return the 32-byte MAC under which an entry waits for its index.

        Without it whoever writes to the database could have any entry signed,
        and could move time on.

        Raises:
            UnavailableError: The home custodian is locked.
        """
        return self._digest("strongroom/v1/entry", entry_id, format_time(at), leaf)

    def entry_macs(
        self, at: datetime, ids: Iterable[int], leaves: Iterable[bytes]
    ) -> list[bytes]:
        """Return ``entry_mac`` of entries that were made at one time, in order.

        Raises:
            UnavailableError: The home custodian is locked.
        """
        tag, time = "strongroom/v1/entry", format_time(at)
        pairs = zip(ids, leaves, strict=True)
        return [self._digest(tag, number, time, leaf) for number, leaf in pairs]

    def _digest(self, tag: str, *fields: canonical.Field) -> bytes:
        if self._key is None:
            raise UnavailableError(
                "the room is locked", hint="give the passphrase of its home custodian"
            )
        message = canonical.encode(tag, *fields)
        return hmac.digest(self._key.reveal(), message, "sha256")


class GuardedTable(Generic[R]):
    """Typed, verified access to one guarded table."""

    def __init__(self, table: sa.Table, record: type[R]) -> None:
        self.table = table
        self.columns = table.c
        self._record = record

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

        Raises:
            IntegrityError: One of them was forged, altered or restored.
        """
        if lock:
            self._lock(transaction, *where)
        head = _newest_named(self.table)
        statement = sa.select(self.table, head).where(*where).order_by(self.columns.id)
        rows = transaction.connection.execute(statement)
        try:
            return [self._verified(transaction, row._asdict()) for row in rows]
        except (TypeError, ValueError):  # SQLite keeps any type in any column
            raise IntegrityError(
                f"a row of {self.table.name} holds what no room writes",
                hint="strongroom ledger verify names every altered row",
            ) from None

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

    def find_all(self, transaction: Transaction, *, prefix: str) -> list[R]:
        """Return every row whose id starts with ``prefix``, and none may be missing.

        ``find`` cannot see that a row was deleted or moved out of its filter.
        This compares with the ids that the ledger named, and is asked where
        less than the truth would allow more: exposure, second factors.

        Args:
            transaction: Where to look.
            prefix: Ends in ``/``, as in ``model-1/``.

        Raises:
            IntegrityError: One was deleted, forged, altered or restored.
        """
        named = tables.entry_rows.c
        gone = transaction.connection.execute(
            sa.select(named.row_id)
            .where(named.table_name == self.table.name, *_below(named.row_id, prefix))
            .where(~sa.exists().where(self.columns.id == named.row_id))
            .limit(1)
        ).scalar()
        if gone is not None:
            raise IntegrityError(
                f"{self.table.name} {gone} was deleted",
                hint="strongroom ledger verify names every deleted row",
            )
        return self.find(transaction, *_below(self.columns.id, prefix))

    def _verified(self, transaction: Transaction, row: Mapping[str, Any]) -> R:
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
        return from_row(self._record, values)

    def _change(self, transaction: Transaction, row: Mapping[str, object]) -> RowChange:
        return RowChange(
            table=self.table.name,
            id=str(row["id"]),
            revision=int(str(row["revision"])),
            mac=transaction.guards.mac(self.table.name, row),
        )


def _below(column: sa.Column[str], prefix: str) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the range of ids that start with ``prefix``, which an index serves."""
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


def _plain(value: object) -> canonical.Json:
    """Return the JSON form of a column's value that the MAC covers."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, bytes):
        return value.hex()
    if value is None or isinstance(value, bool | int | str):
        return value
    raise TypeError(f"a column holds a {type(value).__name__}")
