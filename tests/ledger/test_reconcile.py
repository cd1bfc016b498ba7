"""Every guarded row that is not what the ledger recorded is named."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

import pytest
import sqlalchemy as sa

from strongroom.database import tables
from strongroom.database.times import UtcDateTime
from strongroom.errors import IntegrityError, UnavailableError
from strongroom.ledger.reconcile import RowFinding, guarded_tables, reconcile
from tests.database.rows import sample, write
from tests.ledger.world import START, World, another_sequencer, event, world_at

GUARDED = guarded_tables()


def change(world: World, table: sa.Table, row_id: str, revision: int = 1) -> None:
    with world.ledger.transaction() as writing:
        write(writing, table, sample(table, row_id, revision))
        writing.append(event())


def found(world: World) -> list[tuple[str, str, str, int | None]]:
    with world.ledger.reading() as reading:
        findings = reconcile(world.ledger, reading)
    return [(f.table, f.id, f.problem, f.position) for f in findings]


def test_every_table_with_a_mac_of_its_rows_is_replayed() -> None:
    names = {table.name for table in guarded_tables()}

    assert {
        "accounts",
        "second_factors",
        "sessions",
        "members",
        "requests",
        "approvals",
        "permits",
        "releases",
        "holdings",
        "lineages",
        "model_references",
    } <= names
    assert not names & {"entries", "entry_rows", "tiles", "checkpoints", "attempts"}


def test_honest_rows_have_no_findings(world: World) -> None:
    for table in guarded_tables():
        change(world, table, "a")
        change(world, table, "a", revision=2)
        change(world, table, "b")

    assert found(world) == []


def test_a_row_changed_twice_in_one_entry_has_no_finding(world: World) -> None:
    with world.ledger.transaction() as writing:
        for revision in (1, 2, 3):
            write(writing, tables.teams, sample(tables.teams, "a", revision))
        writing.append(event())

    assert found(world) == []


def test_rows_in_an_attached_document_count(world: World) -> None:
    with world.ledger.transaction() as writing:
        for number in range(60):
            write(writing, tables.teams, sample(tables.teams, f"team-{number:02}"))
        entry = writing.append(event())
    assert entry.attached is not None
    assert found(world) == []

    world.attack("DELETE FROM teams WHERE id = 'team-31'")
    assert found(world) == [("teams", "team-31", "deleted", 0)]


def test_a_deleted_row_of_any_table_is_named(world: World) -> None:
    for table in GUARDED:
        change(world, table, "a")
        change(world, table, "b")
        world.attack(sa.delete(table).where(table.c.id == "a"))

    assert found(world) == [
        (table.name, "a", "deleted", 2 * place) for place, table in enumerate(GUARDED)
    ]


def test_a_forged_row_of_any_table_is_named(world: World) -> None:
    for table in GUARDED:
        change(world, table, "a")
        world.attack(sa.insert(table).values(**sample(table, "b"), mac=bytes(32)))

    assert found(world) == [(table.name, "b", "forged", None) for table in GUARDED]


def test_an_altered_row_of_any_table_is_named(world: World) -> None:
    """One column after the other, each put back before the next."""
    for table in GUARDED:
        change(world, table, "a")
    for columns in zip_longest(*map(unguarded, GUARDED)):
        altered = [column for column in columns if column is not None]
        for column in altered:
            world.attack(sa.update(column.table).values({column.name: other(column)}))

        assert found(world) == [
            (column.table.name, "a", "altered", GUARDED.index(column.table))
            for column in altered
        ]
        for column in altered:
            honest = sample(column.table, "a")[column.name]
            world.attack(sa.update(column.table).values({column.name: honest}))
    assert found(world) == []


def unguarded(table: sa.Table) -> list[sa.Column[Any]]:
    """Return the columns that a row's id and MAC stand for."""
    return [column for column in table.c if column.name not in {"id", "mac"}]


def other(column: sa.Column[Any]) -> object:
    if isinstance(column.type, UtcDateTime):
        return START.replace(second=1)
    if isinstance(column.type, sa.LargeBinary):
        return b"other"
    return 9 if isinstance(column.type, sa.Integer) else "other"


def test_a_restored_row_of_any_table_is_named(world: World) -> None:
    for table in GUARDED:
        change(world, table, "a")
        with world.database.reading() as connection:
            old = connection.execute(sa.select(table)).one()._asdict()
        change(world, table, "a", revision=2)
        world.attack(sa.update(table).values(**old))

    assert found(world) == [
        (table.name, "a", "restored", 2 * place + 1)
        for place, table in enumerate(GUARDED)
    ]


def test_a_row_put_back_and_used_since_is_named(world: World) -> None:
    """Its newest state is recorded; but revision 2 happened twice."""
    change(world, tables.teams, "a")
    change(world, tables.teams, "a", revision=2)
    change(world, tables.teams, "a", revision=2)

    assert found(world) == [("teams", "a", "restored", 2)]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM entry_rows",
        "UPDATE entry_rows SET row_id = 'b'",
        "UPDATE entry_rows SET table_name = 'accounts'",
        "UPDATE entry_rows SET mac = (SELECT leaf FROM entries)",
    ],
)
def test_an_edited_index_is_named(world: World, statement: str) -> None:
    change(world, tables.teams, "a")
    world.attack(statement)

    assert found(world)[0] == ("teams", "a", "unindexed", 0)


def test_a_note_that_no_entry_made_is_named(world: World) -> None:
    """A whole index was compared from the entries' side only.

    Such a note has every use of rows like it refused, and nothing said why.
    """
    change(world, tables.teams, "a")
    world.attack(
        "INSERT INTO entry_rows SELECT entry_id, table_name, 'b', revision, mac"
        " FROM entry_rows"
    )

    assert found(world) == [("teams", "b", "unindexed", None)]


def test_an_index_that_names_an_older_row_is_named(world: World) -> None:
    """With it the restored row is used; only a replay shows it."""
    change(world, tables.teams, "a")
    with world.database.reading() as connection:
        old = connection.execute(sa.select(tables.teams)).one()._asdict()
    change(world, tables.teams, "a", revision=2)
    world.attack(
        sa.update(tables.teams).values(**old),
        "DELETE FROM entry_rows WHERE revision = 2",
    )

    assert found(world) == [
        ("teams", "a", "unindexed", 1),
        ("teams", "a", "restored", 1),
    ]


def test_an_entry_that_waits_for_its_index_counts(on_postgresql: World) -> None:
    """A check beside a busy server once called such a row restored."""
    change(on_postgresql, tables.teams, "a")
    with another_sequencer(on_postgresql), pytest.raises(UnavailableError):
        change(on_postgresql, tables.teams, "a", revision=2)

    assert found(on_postgresql) == []


def test_an_entry_that_somebody_put_there_does_not_count(world: World) -> None:
    change(world, tables.teams, "a")
    world.attack(
        "INSERT INTO entries (id, at, kind, body, leaf, mac)"
        " SELECT 99, at, kind, body, leaf, mac FROM entries"
    )

    with pytest.raises(IntegrityError, match="not written by this room"):
        found(world)


@pytest.mark.parametrize("cell", ["1.5", "'x'", "x'00'", "9007199254740993"])
@pytest.mark.parametrize("column", ["created_at", "last_step", "secret", "mac"])
def test_a_cell_of_another_type_is_an_altered_row(
    sqlite_world: World, column: str, cell: str
) -> None:
    change(sqlite_world, tables.second_factors, "a")
    sqlite_world.attack(f"UPDATE second_factors SET {column} = {cell}")  # noqa: S608

    assert found(sqlite_world) == [("second_factors", "a", "altered", 0)]


def test_a_finding_is_a_sentence() -> None:
    finding = RowFinding(table="permits", id="permit-a", problem="deleted", position=4)

    assert str(finding) == "permits permit-a was deleted (last named by entry 4)"


def test_a_locked_room_cannot_compare(migrated_url: str) -> None:
    with world_at(migrated_url) as world:
        change(world, tables.teams, "a")
    with (
        world_at(migrated_url, keys=None) as locked,
        pytest.raises(UnavailableError, match="locked"),
    ):
        found(locked)
