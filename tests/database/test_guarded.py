"""A row is used only as this room wrote it and as the ledger last named it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from strongroom.access.factors import FACTORS, FactorState, SecondFactor
from strongroom.access.projects import MEMBERS, Member, Membership
from strongroom.access.teams import TEAMS, Team
from strongroom.database import tables
from strongroom.database.basis import RowUsed
from strongroom.errors import (
    ConflictError,
    IntegrityError,
    MissingError,
)
from strongroom.ledger.rows import rows_of
from strongroom.types import AccountId, ProjectId, TeamId
from tests.ledger.world import START, World, event, world_at

TEAM = Team(id=TeamId("team-a"), name="alpha")


def add(world: World, team: Team = TEAM) -> Team:
    with world.ledger.transaction() as writing:
        TEAMS.insert(writing, team)
        writing.append(event())
    return team


def rename(world: World, name: str) -> Team:
    with world.ledger.transaction() as writing:
        team = TEAMS.get(writing, TEAM.id, lock=True)
        team = TEAMS.replace(writing, team, name=name)
        writing.append(event())
    return team


def read(world: World) -> Team:
    with world.ledger.reading() as reading:
        return TEAMS.get(reading, TEAM.id)


def test_rows_come_back_as_they_were_written(world: World) -> None:
    factor = SecondFactor(
        id="factor-a",
        account=AccountId("account-a"),
        secret=b"\x00\xff",
        last_step=2**40,
        recovery_hashes=("a", "\U0001f511"),
        state=FactorState.PENDING,
        created_at=START + timedelta(microseconds=5),
    )
    with world.ledger.transaction() as writing:
        FACTORS.insert(writing, factor)
        assert FACTORS.get(writing, "factor-a") == factor
        writing.append(event())
    with world.ledger.reading() as reading:
        assert FACTORS.find(reading) == [factor]


def test_a_row_is_read_in_the_transaction_that_changes_it(world: World) -> None:
    """Named by an entry already, not yet named, and changed twice."""
    with world.ledger.transaction() as writing:
        team = TEAMS.insert(writing, TEAM)
        assert TEAMS.get(writing, TEAM.id) == team
        writing.append(event())
        assert TEAMS.get(writing, TEAM.id) == team
        for name in ("beta", "gamma"):
            team = TEAMS.replace(writing, team, name=name)
            assert TEAMS.get(writing, TEAM.id) == team
        writing.append(event())

    assert read(world) == team == Team(id=TEAM.id, revision=3, name="gamma")


def test_a_change_that_no_entry_names_stops_the_commit(world: World) -> None:
    add(world)
    with pytest.raises(AssertionError, match="teams"):
        change_silently(world)

    assert read(world) == TEAM


def change_silently(world: World) -> None:
    with world.ledger.transaction() as writing:
        TEAMS.replace(writing, TEAM, name="beta")


def test_a_row_that_is_not_there_is_missing(world: World) -> None:
    with pytest.raises(MissingError, match="nothing is called 'team-b'"):
        with_reading(world, lambda r: TEAMS.get(r, "team-b"))


def test_the_second_of_two_changes_of_one_revision_is_a_conflict(world: World) -> None:
    add(world)
    rename(world, "beta")

    with pytest.raises(ConflictError, match="somebody else"):
        change_silently(world)
    with pytest.raises(ConflictError):
        add(world, Team(id=TeamId("team-b"), name="beta"))  # unique


def test_writers_that_wait_for_a_row_read_what_the_other_left(
    migrated_url: str,
) -> None:
    """PostgreSQL gives a waiting reader the new row and the old ledger index.

    Rows were refused as restored when two people changed one at a time.
    """
    with world_at(migrated_url) as world:
        add(world)
        failures: list[Exception] = []

        def work(number: int) -> None:
            try:
                for turn in range(5):
                    rename(world, f"team-{number}-{turn}")
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert failures == []
        assert read(world).revision == 16


def with_reading(world: World, use: Callable[..., object]) -> object:
    with world.ledger.reading() as reading:
        return use(reading)


# --- whoever administers the database ---------------------------------------


def test_a_forged_row_is_refused(world: World) -> None:
    world.attack(
        sa.insert(tables.teams).values(
            id="team-a", revision=1, name="alpha", mac=bytes(32)
        )
    )

    with pytest.raises(IntegrityError, match="not written by this room"):
        read(world)


def test_a_row_of_another_room_is_refused(world: World) -> None:
    """The MAC is right, but no entry of this ledger names the row."""
    mac = world.ledger.guards.mac("teams", {"id": "t", "revision": 1, "name": "n"})
    world.attack(sa.insert(tables.teams).values(id="t", revision=1, name="n", mac=mac))

    with pytest.raises(IntegrityError, match="not what the ledger last recorded"):
        with_reading(world, lambda r: TEAMS.get(r, "t"))


@pytest.mark.parametrize("column", tables.second_factors.c.keys())
def test_every_column_is_guarded(world: World, column: str) -> None:
    factor = SecondFactor(
        id="factor-a",
        account=AccountId("account-a"),
        secret=b"secret",
        last_step=1,
        recovery_hashes=("a",),
        state=FactorState.PENDING,
        created_at=START,
    )
    with world.ledger.transaction() as writing:
        FACTORS.insert(writing, factor)
        writing.append(event())
    other = {
        "revision": 2,
        "last_step": 0,
        "secret": b"secreT",
        "mac": bytes(32),
        "created_at": START + timedelta(seconds=1),
        "state": "active",
        "recovery_hashes": '["b"]',
    }
    world.attack(
        sa.update(tables.second_factors).values({column: other.get(column, "x")})
    )

    with pytest.raises(IntegrityError):
        with_reading(world, FACTORS.find)


@pytest.mark.parametrize("cell", ["'x'", "x'ff'", "1.5", "''", "-1"])
@pytest.mark.parametrize("column", ["revision", "created_at", "secret", "mac", "state"])
def test_a_cell_of_another_kind_is_refused(
    sqlite_world: World, column: str, cell: str
) -> None:
    """SQLite stores anything anywhere; such cells once stopped us with TypeError."""
    factor = SecondFactor(
        id="factor-a",
        account=AccountId("account-a"),
        secret=b"secret",
        last_step=1,
        recovery_hashes=(),
        state=FactorState.PENDING,
        created_at=START,
    )
    with sqlite_world.ledger.transaction() as writing:
        FACTORS.insert(writing, factor)
        writing.append(event())
    sqlite_world.attack(f"UPDATE second_factors SET {column} = {cell}")  # noqa: S608

    with pytest.raises(IntegrityError):
        with_reading(sqlite_world, FACTORS.find)


def test_a_restored_row_is_refused(world: World) -> None:
    add(world)
    with world.database.engine.connect() as connection:
        old = connection.execute(sa.select(tables.teams)).one()._asdict()
    rename(world, "beta")
    world.attack(sa.update(tables.teams).values(**old))

    with pytest.raises(IntegrityError, match="not what the ledger last recorded"):
        read(world)


def test_a_row_put_in_the_place_of_another_is_refused(world: World) -> None:
    add(world)
    add(world, Team(id=TeamId("team-b"), name="beta"))
    world.attack(
        "DELETE FROM teams WHERE id = 'team-a'",
        "UPDATE teams SET id = 'team-a' WHERE id = 'team-b'",
    )

    with pytest.raises(IntegrityError):
        read(world)


def test_a_row_whose_naming_was_removed_is_refused(world: World) -> None:
    add(world)
    world.attack("DELETE FROM entry_rows")

    with pytest.raises(IntegrityError, match="not what the ledger last recorded"):
        read(world)


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM members", "UPDATE members SET account = 'account-b'"],
)
def test_a_row_that_vanished_is_missed_where_that_would_allow_more(
    world: World, statement: str
) -> None:
    member = Member(
        id="project-a/account-a",
        project=ProjectId("project-a"),
        account=AccountId("account-a"),
        state=Membership.MEMBER,
    )
    with world.ledger.transaction() as writing:
        MEMBERS.insert(writing, member)
        writing.append(event())
    with world.ledger.reading() as reading:
        assert MEMBERS.find_all(reading, prefix="project-a/") == [member]
    world.attack(statement)

    with pytest.raises(IntegrityError):
        with_reading(world, lambda r: MEMBERS.find_all(r, prefix="project-a/"))


def test_a_listed_row_must_be_there(world: World) -> None:
    """A lineage lists its permits; one that is gone would reserve nothing."""
    add(world)
    with world.ledger.reading() as reading:
        assert TEAMS.find_listed(reading, [TEAM.id]) == [TEAM]
        assert TEAMS.find_listed(reading, []) == []
    world.attack("DELETE FROM teams", "DELETE FROM entry_rows")

    with pytest.raises(IntegrityError, match="teams team-a was deleted"):
        with_reading(world, lambda r: TEAMS.find_listed(r, [TEAM.id]))


def test_an_entry_names_what_was_read_before_it(world: World) -> None:
    """Not what the transaction itself wrote, and each row once."""
    add(world)
    other = Team(id=TeamId("team-b"), name="beta")
    with world.ledger.transaction() as writing:
        TEAMS.get(writing, TEAM.id)
        TEAMS.insert(writing, other)
        TEAMS.find(writing)
        first = rows_of(writing.append(event()).body, None)
        TEAMS.find(writing)
        second = rows_of(writing.append(event()).body, None)

    assert first.basis.used == (RowUsed(table="teams", id="team-a", revision=1),)
    assert first.basis.seen == 1
    assert not second.basis
