"""Whole guarded rows: removed, put back from yesterday, or filled with another's.

Whoever administers the database can also remove the notes of which row is the
newest (``entry_rows``); only replaying the ledger shows that.
"""
# ruff: noqa: S608  the names in the statements are those of our own tables

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from random import Random

from campaigns._changes import Change
from campaigns._places import Place
from strongroom.errors import ConflictError, IntegrityError
from strongroom.ledger.reconcile import guarded_tables

Cells = dict[str, object]


def _remove(_: Random, __: bytes, ___: Sequence[bytes]) -> bytes:
    return _encoded(None, noted=True)


def _remove_unnoted(_: Random, __: bytes, ___: Sequence[bytes]) -> bytes:
    return _encoded(None, noted=False)


def _replace(random: Random, honest: bytes, others: Sequence[bytes]) -> bytes:
    return random.choice(others) if others else honest


def _replace_unnoted(random: Random, honest: bytes, others: Sequence[bytes]) -> bytes:
    if not others:  # the row alone of its kind, and as it was yesterday
        return honest
    row = json.loads(_replace(random, honest, others))["row"]
    return _encoded(row, noted=False)


CHANGES: dict[str, Change] = {
    "remove": _remove,
    "remove with its notes": _remove_unnoted,
    "roll back or swap": _replace,
    "roll back or swap, with its notes": _replace_unnoted,
}


class Rows:
    """Every row of every guarded table, and what each of them was yesterday."""

    def __init__(
        self, database: sqlite3.Connection, yesterday: Path, use: Callable[[], object]
    ) -> None:
        """Read yesterday's file; ``use`` has to notice what is changed."""
        self._database = database
        self._use = use
        with closing(sqlite3.connect(yesterday)) as old:
            self._before = {t.name: _rows(old, t.name) for t in guarded_tables()}

    def choose(self, random: Random) -> Place:
        """Return a row; one of two differs from yesterday's, if any does."""
        now = {t.name: _rows(self._database, t.name) for t in guarded_tables()}
        every = [(table, id_) for table, rows in now.items() for id_ in sorted(rows)]
        grown = [
            (table, id_) for table, id_ in every if self._older(table, now[table][id_])
        ]
        table, id_ = random.choice(grown if grown and random.randrange(2) else every)
        return self._place(table, now[table][id_], list(now[table].values()))

    def _older(self, table: str, row: Cells) -> Cells | None:
        before = self._before[table].get(str(row["id"]))
        return None if before == row else before

    def _place(self, table: str, honest: Cells, rows: Sequence[Cells]) -> Place:
        id_ = str(honest["id"])
        older = self._older(table, honest)
        swapped = [{**row, "id": id_} for row in rows if row is not honest]
        notes = Notes(self._database, table, id_)

        def write(data: bytes) -> None:
            wanted = json.loads(data)
            row = _decoded(wanted["row"]) if wanted["row"] else {}
            notes.put_back(up_to=None if wanted["noted"] else row.get("revision", 0))
            self._database.execute(f"DELETE FROM {table} WHERE id = ?", (id_,))
            self._insert(table, row)

        return Place(
            kind="whole row",
            name=f"{table} {id_}",
            read=lambda: _encoded(honest, noted=True),
            write=write,
            others=[_encoded(r, noted=True) for r in ([older] if older else swapped)],
            use=self._use,
            errors=(IntegrityError, ConflictError),
            changes=CHANGES,
        )

    def _insert(self, table: str, row: Cells) -> None:
        if not row:
            return
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"
        try:
            self._database.execute(statement, tuple(row.values()))
        except sqlite3.IntegrityError:
            raise ConflictError("a unique column of the database") from None


class Notes:
    """Which revisions of one row the table ``entry_rows`` knows."""

    def __init__(self, database: sqlite3.Connection, table: str, id_: str) -> None:
        self._database = database
        self._where = "FROM entry_rows WHERE table_name = ? AND row_id = ?"
        self._key = (table, id_)
        columns = "entry_id, table_name, row_id, revision, mac"
        self._notes = database.execute(
            f"SELECT {columns} {self._where}", self._key
        ).fetchall()

    def put_back(self, *, up_to: object) -> None:
        """Write those notes that are to stay: all, or up to a revision."""
        self._database.execute(f"DELETE {self._where}", self._key)
        kept = [n for n in self._notes if up_to is None or n[3] <= up_to]
        self._database.executemany(
            "INSERT INTO entry_rows VALUES (?, ?, ?, ?, ?)", kept
        )


def _rows(database: sqlite3.Connection, table: str) -> dict[str, Cells]:
    cursor = database.execute(f"SELECT * FROM {table}")
    names = [column[0] for column in cursor.description]
    found = (dict(zip(names, row, strict=True)) for row in cursor.fetchall())
    return {str(row["id"]): row for row in found}


def _encoded(row: Mapping[str, object] | None, *, noted: bool) -> bytes:
    """Return a row as bytes, so that the campaign handles it like any other place."""
    cells = row and {
        name: {"hex": value.hex()} if isinstance(value, bytes) else value
        for name, value in row.items()
    }
    return json.dumps({"row": cells, "noted": noted}, sort_keys=True).encode()


def _decoded(cells: Mapping[str, object]) -> Cells:
    return {
        name: bytes.fromhex(value["hex"]) if isinstance(value, dict) else value
        for name, value in cells.items()
    }
