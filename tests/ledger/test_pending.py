"""What a transaction recorded is written when it ends, every part under its entry."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from strongroom.database import tables
from strongroom.database.guards import Guards, RowChange
from strongroom.errors import UnavailableError
from strongroom.ledger import events
from strongroom.ledger.pending import Pending
from strongroom.types import AccountId
from tests.ledger.world import ANA, START, World, event

BEN = AccountId("account-ben")


def change(revision: int, row_id: str = "team-a") -> RowChange:
    return RowChange(table="teams", id=row_id, revision=revision, mac=bytes(32))


def add(pending: Pending, made: events.Event, *changes: RowChange) -> bytes:
    """Take an entry and return its leaf hash."""
    salt = bytes(32)
    encoded = events.encode(made, at=pending.at, rows=changes, salt=salt)
    pending.add(made, encoded, changes)
    return encoded.leaf


def write(
    world: World, pending: Pending, ids: list[int], position: int | None
) -> list[bytes]:
    with world.database.writing() as connection:
        guards = world.ledger.guards
        return pending.write(connection, ids, guards, position=position)


@pytest.mark.parametrize("position", [None, 7])
def test_entries_are_written_with_their_index_or_without(
    world: World, position: int | None
) -> None:
    pending = Pending(now=START)
    leaves = [add(pending, event(facts={"project": f"p-{n}"})) for n in range(3)]

    assert len(pending) == 3
    assert write(world, pending, [4, 6, 9], position) == leaves
    with world.database.reading() as connection:
        rows = connection.execute(sa.select(tables.entries)).all()
    places = [None] * 3 if position is None else [7, 8, 9]
    assert [(r.id, r.position) for r in rows] == list(
        zip([4, 6, 9], places, strict=True)
    )
    assert [row.leaf for row in rows] == leaves
    assert {row.at for row in rows} == {START}


def test_of_several_changes_of_one_row_the_last_is_named(world: World) -> None:
    pending = Pending(now=START)
    add(pending, event(), change(1), change(1, "team-b"), change(2), change(3))
    add(pending, event(), change(4))
    write(world, pending, [1, 2], None)

    with world.database.reading() as connection:
        named = tables.entry_rows.c
        columns = (named.entry_id, named.row_id, named.revision)
        rows = connection.execute(sa.select(*columns).order_by(*columns))
        assert [tuple(row) for row in rows] == [
            (1, "team-a", 3),
            (1, "team-b", 1),
            (2, "team-a", 4),
        ]


def test_private_text_stands_under_its_entry_and_its_subject(world: World) -> None:
    pending = Pending(now=START)
    add(pending, event())
    add(pending, event(private={"name": "one"}))
    about_ben = events.Event(
        kind="project.created",
        actor=ANA,
        facts={"project": "p"},
        private={"name": "two"},
        subject=BEN,
    )
    add(pending, about_ben)
    write(world, pending, [1, 2, 3], 0)

    with world.database.reading() as connection:
        rows = connection.execute(sa.select(tables.private_facts)).all()
    assert [(row.entry_id, row.subject, row.payload) for row in rows] == [
        (2, ANA, '{"name":"one"}'),
        (3, BEN, '{"name":"two"}'),
    ]


def test_a_locked_room_writes_nothing(world: World) -> None:
    pending = Pending(now=START)
    add(pending, event())

    with (
        pytest.raises(UnavailableError, match="locked"),
        world.database.writing() as connection,
    ):
        pending.write(connection, [1], Guards(None))
