"""Made-up rows for any guarded table, written as the product writes them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from strongroom.database.guards import RowChange
from strongroom.database.times import UtcDateTime
from strongroom.ledger.log import Writing
from tests.ledger.world import START


def sample(table: sa.Table, row_id: str, revision: int = 1) -> dict[str, Any]:
    """Return a value for each column but the MAC; unique ones hold the id."""
    return {
        column.name: _value(column, row_id, revision)
        for column in table.c
        if column.name != "mac"
    }


def write(writing: Writing, table: sa.Table, row: dict[str, Any]) -> bytes:
    """Insert or replace ``row`` under a MAC; the caller appends the entry."""
    mac = writing.guards.mac(table.name, row)
    updated = writing.connection.execute(
        sa.update(table).where(table.c.id == row["id"]).values(**row, mac=mac)
    )
    if updated.rowcount == 0:
        writing.connection.execute(sa.insert(table).values(**row, mac=mac))
    writing.changes.append(
        RowChange(table=table.name, id=row["id"], revision=row["revision"], mac=mac)
    )
    return mac


def _value(column: sa.Column[Any], row_id: str, revision: int) -> object:
    if column.name == "revision":
        return revision
    if isinstance(column.type, UtcDateTime):
        return START
    if isinstance(column.type, sa.LargeBinary):
        return row_id.encode()
    if isinstance(column.type, sa.Integer):
        return 7
    return row_id
