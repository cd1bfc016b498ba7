"""Many rows in one statement are what they would be one by one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.database import tables
from strongroom.database.bulk import Row, insert_rows, update_rows
from strongroom.database.engine import Database
from strongroom.errors import ConflictError, InputError
from tests.conftest import Databases

AT = "2026-11-22T03:04:05.000006Z"
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
BLOBS = st.binary(max_size=40)
NUMBERS = st.integers(-(2**63), 2**63 - 1)


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    database = Database(migrated_url)
    yield database
    database.close()


def entry(number: int, position: int | None = None, attached: object = None) -> Row:
    return (number, position, AT, "kind", b"body", b"leaf", b"mac", attached)


def stored(database: Database, table: sa.Table) -> list[Row]:
    """Return every row as the driver gives it, which for times is text."""
    with database.reading() as connection:
        statement = f"SELECT * FROM {table.name} ORDER BY 1, 2, 3"  # noqa: S608  # ours
        return [tuple(row) for row in connection.exec_driver_sql(statement)]


@settings(max_examples=30)
@given(st.dictionaries(NUMBERS, st.tuples(TEXTS, BLOBS, TEXTS), min_size=1, max_size=9))
def test_every_value_comes_back(
    new_database: Databases, values: dict[int, tuple[str, bytes, str]]
) -> None:
    """Numbers of every size are in one column here: drivers choose types by value."""
    database = Database(new_database())
    rows: list[Row] = [(number, *value) for number, value in sorted(values.items())]
    with database.writing() as connection:
        insert_rows(connection, tables.private_facts, rows)

    assert stored(database, tables.private_facts) == rows
    database.close()


def test_columns_that_may_be_absent_are(database: Database) -> None:
    rows = [entry(1), entry(2, 7, b"attached"), entry(3)]
    with database.writing() as connection:
        insert_rows(connection, tables.entries, rows[:1])
        insert_rows(connection, tables.entries, rows[1:])

    assert stored(database, tables.entries) == rows


def test_ids_are_taken_although_they_sort_by_their_bytes(database: Database) -> None:
    rows: list[Row] = [(1, "teams", name, 1, b"mac") for name in ("B", "a", "\u00e4")]
    with database.writing() as connection:
        insert_rows(connection, tables.entry_rows, rows)

    assert stored(database, tables.entry_rows) == rows


def test_one_column_of_many_rows_is_set(database: Database) -> None:
    with database.writing() as connection:
        insert_rows(connection, tables.entries, [entry(n) for n in range(5)])
        column = tables.entries.c.position
        update_rows(connection, tables.entries, column, [(10, 3), (2**62, 1)])

    places = [row[1] for row in stored(database, tables.entries)]
    assert places == [None, 2**62, None, 10, None]


def test_a_row_is_replaced_on_request_only(database: Database) -> None:
    with database.writing() as connection:
        insert_rows(connection, tables.tiles, [(0, 0, b"old"), (0, 1, b"other")])
    with database.writing() as connection:
        rows: list[Row] = [(0, 0, b"new"), (1, 0, b"more")]
        insert_rows(connection, tables.tiles, rows, replace=True)
    with pytest.raises(ConflictError), database.writing() as connection:
        insert_rows(connection, tables.tiles, [(2, 0, b"kept?"), (0, 0, b"newer")])

    assert stored(database, tables.tiles) == [
        (0, 0, b"new"),
        (0, 1, b"other"),
        (1, 0, b"more"),
    ]


@pytest.mark.parametrize("value", ["\ud800", 2**63, -(2**63) - 1])
def test_what_fits_no_column_is_refused(database: Database, value: object) -> None:
    number, text = (value, "") if isinstance(value, int) else (1, value)
    with pytest.raises(InputError), database.writing() as connection:
        insert_rows(connection, tables.private_facts, [(number, text, b"", "")])
