"""Time never goes back, and a clock that was set back stops decisions."""

from __future__ import annotations

from datetime import timedelta

import pytest

from strongroom.database.guards import Guards
from strongroom.errors import IntegrityError, SetupError, UnavailableError
from strongroom.ledger.clock import MOST_CLOCK_LAG, Newest, check_clock, newest_entry
from tests.ledger.world import START, World

BEFORE = START - timedelta(hours=1)


def newest(world: World, guards: Guards | None) -> Newest:
    with world.database.reading() as connection:
        return newest_entry(connection, guards)


def test_a_clock_may_be_five_seconds_behind() -> None:
    assert timedelta(seconds=5) == MOST_CLOCK_LAG
    for behind in (-9, 0, 4.999999, 5):
        check_clock(START - timedelta(seconds=behind), START)
    with pytest.raises(SetupError, match=r"the clock is 0:00:05\.000001 behind"):
        check_clock(START - timedelta(seconds=5, microseconds=1), START)


def test_the_newest_entry_says_when_and_how_many(world: World) -> None:
    assert newest(world, world.ledger.guards) == Newest(None, 0)
    world.notes(3)
    for guards in (None, world.ledger.guards):
        assert newest(world, guards) == Newest(START, 3)


def test_without_a_checkpoint_nothing_is_indexed(sqlite_world: World) -> None:
    sqlite_world.notes(3)
    sqlite_world.attack("DELETE FROM checkpoints")

    assert newest(sqlite_world, sqlite_world.ledger.guards) == Newest(START, 0)


@pytest.mark.parametrize(
    "cells",
    ["at = '2026-11-22T09:00:00.000000Z'", "mac = zeroblob(32)", "leaf = zeroblob(32)"],
)
def test_an_entry_of_somebody_else_decides_nothing(
    sqlite_world: World, cells: str
) -> None:
    sqlite_world.note()
    sqlite_world.attack(f"UPDATE entries SET {cells}")  # noqa: S608  # a test's own

    with pytest.raises(IntegrityError, match="was not written by this room"):
        newest(sqlite_world, sqlite_world.ledger.guards)
    shown = BEFORE if cells.startswith("at") else START
    assert newest(sqlite_world, None) == Newest(shown, 1)


@pytest.mark.parametrize("at", ["'soon'", "5", "x'00'"])
def test_a_time_that_is_none_is_shown_as_none_and_decides_nothing(
    sqlite_world: World, at: str
) -> None:
    sqlite_world.note()
    sqlite_world.attack(f"UPDATE entries SET at = {at}")  # noqa: S608  # a test's own
    assert newest(sqlite_world, None) == Newest(None, 0)
    with pytest.raises(IntegrityError, match="was not written by this room"):
        newest(sqlite_world, sqlite_world.ledger.guards)


def test_a_locked_room_decides_nothing(world: World) -> None:
    world.note()
    with pytest.raises(UnavailableError):
        newest(world, Guards(None))
    assert newest(world, None) == Newest(START, 1)
