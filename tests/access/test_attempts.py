"""Guessing is slowed, and nobody is locked out for longer than is stated."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom import canonical
from strongroom.access import attempts
from strongroom.access.attempts import (
    FREE_FAILURES,
    LONGEST_ACCOUNT_WAIT,
)
from strongroom.database import people_tables
from strongroom.errors import DeniedError
from tests.conftest import Databases
from tests.ledger.world import World, world_at


def try_it(world: World, account: str = "ana", source: str = "here") -> bool:
    """Return whether an attempt is let through; it counts as failed."""
    try:
        attempts.begin(world.ledger, account=account, source=source)
    except DeniedError:
        return False
    return True


def succeed(world: World, account: str = "ana", source: str = "here") -> None:
    with world.database.writing() as connection:
        attempts.forget_failures(connection, account=account, source=source)


@pytest.fixture
def world(migrated_url: str) -> Iterator[World]:
    with world_at(migrated_url) as world:
        yield world


def test_a_few_mistakes_are_free_and_then_it_takes_time(world: World) -> None:
    assert [try_it(world) for _ in range(FREE_FAILURES + 1)] == [True] * 5
    assert not try_it(world)
    world.clock.pass_(seconds=1.9)
    assert not try_it(world)
    world.clock.pass_(seconds=0.1)
    assert try_it(world)


def test_each_mistake_doubles_the_wait(world: World) -> None:
    for _ in range(FREE_FAILURES):
        assert try_it(world)
    for seconds in (2, 4, 8, 16, 32):
        assert try_it(world)
        world.clock.pass_(seconds=seconds - 0.1)
        assert not try_it(world)
        world.clock.pass_(seconds=0.1)
    assert try_it(world)


def test_a_success_starts_again_from_zero(world: World) -> None:
    for _ in range(3):
        for _ in range(FREE_FAILURES):
            assert try_it(world)
        succeed(world)


def test_a_source_is_slowed_whichever_accounts_it_tries(world: World) -> None:
    let_through = [try_it(world, account=f"account-{n}") for n in range(20)]

    assert sum(let_through) == FREE_FAILURES + 1


def test_an_account_is_slowed_wherever_it_is_tried_from(world: World) -> None:
    let_through = [try_it(world, source=f"address {n}") for n in range(20)]

    assert sum(let_through) == FREE_FAILURES + 1


@settings(max_examples=15)
@given(st.lists(st.floats(0, 2000), max_size=40))
def test_nobody_waits_longer_than_stated(
    new_database: Databases, pauses: list[float]
) -> None:
    """Whatever strangers did: after the stated time the person gets a try."""
    with world_at(new_database()) as world:
        for number, pause in enumerate(pauses):
            try_it(world, source=f"address {number}")
            world.clock.pass_(seconds=pause)
        world.clock.pass_(seconds=LONGEST_ACCOUNT_WAIT.total_seconds())

        assert try_it(world, source="home")


def test_a_stranger_who_never_stops_is_outwaited(world: World) -> None:
    """The stranger's own source waits longer than the account does.

    Each second the stranger is first; the person still gets in again and again.
    """
    waits, waited, guesses = [], 0, 0
    for _ in range(400):
        guesses += try_it(world, source="stranger")
        if try_it(world, source="home"):
            succeed(world, source="home")
            waits.append(waited)
            waited = 0
        waited += 1
        world.clock.pass_(seconds=1)

    assert max(waits[1:], default=0) <= 2 * LONGEST_ACCOUNT_WAIT.total_seconds()
    assert guesses < 40


def test_a_source_waits_no_longer_than_stated(world: World) -> None:
    for number in range(40):
        try_it(world, account=f"account-{number}")
        world.clock.pass_(minutes=15)
        assert try_it(world, account=f"other-{number}")


def test_a_wait_far_ahead_does_not_count(world: World) -> None:
    """A clock that was wrong for a moment would lock a person out for years."""
    try_it(world)
    later = world.clock() + timedelta(days=1000)
    world.attack(sa.update(people_tables.attempts).values(wait_until=later))

    assert try_it(world)
    world.clock.pass_(seconds=LONGEST_ACCOUNT_WAIT.total_seconds())
    assert try_it(world)


def test_failures_are_forgotten_after_an_hour_of_peace(world: World) -> None:
    for _ in range(FREE_FAILURES + 1):
        try_it(world)
    world.clock.pass_(hours=1.1)

    assert [try_it(world) for _ in range(FREE_FAILURES + 1)] == [True] * 5


def test_parallel_guesses_win_nothing(migrated_url: str) -> None:
    """The first failures of two at once once ended in a conflict."""
    with world_at(migrated_url) as world:
        let_through: list[bool] = []
        failures: list[Exception] = []

        def guess() -> None:
            try:
                let_through.extend(try_it(world) for _ in range(5))
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=guess) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert failures == []
        assert sum(let_through) == FREE_FAILURES + 1


def test_names_are_not_kept_in_the_clear(world: World) -> None:
    try_it(world, account="ana", source="192.0.2.7")
    with world.database.reading() as connection:
        rows = connection.execute(sa.select(people_tables.attempts)).all()

    assert b"ana" not in b"".join(row.subject for row in rows)
    assert "192.0.2.7" not in repr(rows)


def waits(world: World, seconds: int, **of: str) -> bool:
    """Return whether the next attempt has to wait for exactly so long."""
    world.clock.pass_(seconds=seconds - 0.1)
    early = try_it(world, **of)
    world.clock.pass_(seconds=0.1)
    return try_it(world, **of) and not early


def test_an_account_waits_a_minute_at_most_and_a_source_a_quarter_of_an_hour(
    world: World,
) -> None:
    for number in range(12):  # each from elsewhere: the account alone is slowed
        assert try_it(world, source=f"address {number}")
        world.clock.pass_(seconds=60)
    assert try_it(world, source="before")
    assert waits(world, 60, source="after")

    for number in range(16):
        assert try_it(world, account=f"account-{number}", source="there")
        world.clock.pass_(minutes=15)
    assert try_it(world, account="before", source="there")
    assert waits(world, 900, account="after", source="there")


@pytest.mark.parametrize(("passed", "said"), [(0.0, 3), (0.5, 2), (1.0, 2), (1.5, 1)])
def test_a_refusal_says_how_many_seconds_are_left(
    world: World, passed: float, said: int
) -> None:
    for _ in range(FREE_FAILURES + 1):
        try_it(world)
    world.clock.pass_(seconds=passed)

    with pytest.raises(DeniedError) as refused:
        attempts.begin(world.ledger, account="ana", source="here")
    assert refused.value.hint == f"try again in {said} s"


@pytest.mark.parametrize(
    ("more", "left"), [(timedelta(0), False), (timedelta.resolution, True)]
)
def test_an_hour_after_the_last_wait_failures_are_forgotten(
    world: World, more: timedelta, left: bool
) -> None:
    for _ in range(FREE_FAILURES + 1):
        try_it(world)
    world.clock.time += timedelta(seconds=2, hours=1) + more
    assert try_it(world)

    assert try_it(world) is left


def test_a_row_is_found_by_the_same_hash_in_every_version(world: World) -> None:
    """An upgrade must not forget who was guessing."""
    try_it(world, account="ana", source="there")
    with world.database.reading() as connection:
        rows = connection.execute(sa.select(people_tables.attempts.c.subject))
        found = {bytes(subject) for (subject,) in rows}

    assert found == {
        canonical.digest("strongroom/v1/attempt", "account", "ana"),
        canonical.digest("strongroom/v1/attempt", "source", "there"),
    }
