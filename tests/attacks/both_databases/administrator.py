"""What the administrator of a database can do with any row: plain SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import sqlalchemy as sa

from strongroom.database import tables
from tests.journeys.rooms import House

Rows: TypeAlias = list[dict[str, Any]]


@dataclass(frozen=True)
class Copy:
    """Rows of one table, and what the ledger's index said of each."""

    table: sa.Table
    rows: Rows
    namings: Rows


@dataclass(frozen=True)
class Administrator:
    """Puts any rows there, together with what names them."""

    engine: sa.Engine

    @classmethod
    def of(cls, house: House) -> Administrator:
        """Return the administrator of a house's database."""
        return cls(house.room.room.ledger.database.engine)

    def execute(self, *statements: sa.Executable) -> None:
        """Run statements, past every guard."""
        with self.engine.begin() as connection:
            for statement in statements:
                connection.execute(statement)

    def copy(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> Copy:
        """Return rows as they are now, with their namings."""
        named = tables.entry_rows.c
        with self.engine.begin() as connection:
            rows = connection.execute(sa.select(table).where(*where)).mappings().all()
            namings = connection.execute(
                sa.select(tables.entry_rows).where(
                    named.table_name == table.name,
                    named.row_id.in_([row["id"] for row in rows]),
                )
            )
            return Copy(
                table=table,
                rows=[dict(row) for row in rows],
                namings=[dict(row) for row in namings.mappings()],
            )

    def hide(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> Copy:
        """Take rows away as if they had never been; return them."""
        hidden = self.copy(table, *where)
        self._erase(hidden)
        return hidden

    def put(self, copy: Copy) -> None:
        """Put rows there in place of what has their ids now."""
        self._erase(copy)
        if copy.rows:
            self.execute(
                sa.insert(copy.table).values(copy.rows),
                sa.insert(tables.entry_rows).values(copy.namings),
            )

    def _erase(self, copy: Copy) -> None:
        ids = [row["id"] for row in copy.rows]
        named = tables.entry_rows.c
        self.execute(
            sa.delete(copy.table).where(copy.table.c.id.in_(ids)),
            sa.delete(tables.entry_rows).where(
                named.table_name == copy.table.name, named.row_id.in_(ids)
            ),
        )
