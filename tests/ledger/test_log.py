"""Rows and entries commit together, under a checkpoint, in order of time."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.access.teams import TEAMS, Team
from strongroom.database import tables
from strongroom.errors import (
    InputError,
    IntegrityError,
    MissingError,
    SetupError,
    UnavailableError,
)
from strongroom.ledger.tree import root_hash, verify_inclusion
from strongroom.types import TeamId
from tests.conftest import Databases
from tests.ledger.world import ANA, START, World, event, world_at


def test_an_entry_is_under_a_checkpoint_when_its_transaction_ends(
    world: World,
) -> None:
    entry = world.note("alpha")

    with world.ledger.reading() as reading:
        stored = world.ledger.entry(reading, 0)
        checkpoint = world.ledger.checkpoint(reading)
    assert (stored.position, stored.body) == (0, entry.body)
    assert checkpoint is not None
    assert (checkpoint.size, checkpoint.root) == (1, root_hash([entry.leaf]))


@settings(max_examples=10)
@given(st.lists(st.integers(1, 70), max_size=8))
def test_every_entry_is_proved_under_the_root_of_all(
    new_database: Databases, batches: list[int]
) -> None:
    with world_at(new_database()) as world:
        for count in batches:
            world.notes(count)
        with world.ledger.reading() as reading:
            entries = list(world.ledger.entries(reading, 0))
            checkpoint = world.ledger.checkpoint(reading)
            proofs = [world.ledger.prove(reading, n) for n in range(sum(batches))]

    assert [entry.position for entry in entries] == list(range(sum(batches)))
    leaves = [entry.leaf for entry in entries]
    root = checkpoint.root if checkpoint else root_hash([])
    assert root == root_hash(leaves)
    for index, (leaf, proof) in enumerate(zip(leaves, proofs, strict=True)):
        verify_inclusion(
            leaf=leaf, index=index, size=len(leaves), root=root, proof=proof
        )


def test_an_empty_ledger_has_no_checkpoint(world: World) -> None:
    with world.ledger.reading() as reading:
        assert world.ledger.checkpoint(reading) is None
        assert reading.now == START


@pytest.mark.parametrize("position", [-1, 1, 2**63 - 1, 2**63, 10**30])
def test_an_entry_outside_the_ledger_is_missing(world: World, position: int) -> None:
    """The last number of 64 bits was once said to fit no column."""
    world.note()
    with world.ledger.reading() as reading:
        with pytest.raises(MissingError):
            world.ledger.entry(reading, position)
        with pytest.raises(MissingError, match="outside a ledger of 1"):
            world.ledger.prove(reading, position)


def test_a_transaction_without_entries_makes_no_checkpoint(world: World) -> None:
    world.note()
    with world.ledger.transaction():
        pass

    assert world.size() == 1


def test_a_transaction_knows_how_many_entries_it_began_after(world: World) -> None:
    for size in range(3):
        with world.ledger.transaction() as writing:
            assert writing.seen == size
            writing.append(event())


def test_what_fails_leaves_neither_row_nor_entry(world: World) -> None:
    def fail() -> None:
        with world.ledger.transaction() as writing:
            TEAMS.insert(writing, Team(id=TeamId("team-a"), name="a"))
            writing.append(event(private={"name": "a"}))
            raise KeyError

    with pytest.raises(KeyError):
        fail()

    with world.ledger.reading() as reading:
        assert TEAMS.find(reading) == []
        assert reading.connection.execute(sa.select(tables.private_facts)).all() == []
    assert world.size() == 0


def test_the_entries_of_one_transaction_keep_their_order(world: World) -> None:
    with world.ledger.transaction() as writing:
        made = [
            writing.append(event(facts={"project": f"project-{n}"})) for n in range(300)
        ]
    with world.ledger.reading() as reading:
        stored = list(world.ledger.entries(reading, 0))

    assert [entry.body for entry in stored] == [entry.body for entry in made]
    assert [entry.id for entry in stored] == sorted(entry.id for entry in stored)


def test_private_fields_lie_beside_the_entry_about_their_subject(world: World) -> None:
    world.note("alpha")
    with world.ledger.reading() as reading:
        row = reading.connection.execute(sa.select(tables.private_facts)).one()
        body = world.ledger.entry(reading, 0).body

    assert row.payload == '{"name":"alpha"}'
    assert row.subject == ANA
    assert len(row.salt) == 32
    assert b"alpha" not in body


def test_free_text_that_is_too_long_is_refused(world: World) -> None:
    with pytest.raises(InputError, match="free text has 16396 bytes of 16384"):
        world.note("a" * (16384 - 9 + 10))

    assert world.size() == 0


# --- the clock ---------------------------------------------------------------


def test_time_never_goes_back(world: World) -> None:
    """A clock two seconds behind is a clock of another server."""
    world.note()
    world.clock.pass_(seconds=-2)
    with world.ledger.transaction() as writing:
        assert writing.now == START
        writing.append(event())
    with world.ledger.reading() as reading:
        assert reading.now == START


@pytest.mark.parametrize("seconds", [5, 6, 3600])
def test_a_clock_that_was_set_back_stops_decisions(world: World, seconds: int) -> None:
    world.note()
    world.clock.pass_(seconds=-seconds)
    if seconds <= 5:  # as the documentation says
        world.note()
        return
    with pytest.raises(SetupError, match="behind the newest entry"):
        world.note()
    with world.ledger.reading() as reading:  # what is there can still be read
        assert reading.now == START
    world.clock.pass_(seconds=seconds)
    world.note()


# --- locked, or attacked -----------------------------------------------------


def test_a_locked_room_reads_and_proves_and_writes_nothing(migrated_url: str) -> None:
    with world_at(migrated_url) as world:
        world.notes(3)
    with world_at(migrated_url, keys=None) as locked:
        with locked.ledger.reading() as reading:
            checkpoint = locked.ledger.checkpoint(reading)
            assert checkpoint is not None
            assert checkpoint.size == 3
            assert len(locked.ledger.prove(reading, 1)) == 2
            assert len(list(locked.ledger.entries(reading, 1))) == 2
        with pytest.raises(UnavailableError, match="locked"):
            locked.note()
        assert locked.size() == 3


def test_a_checkpoint_that_the_room_did_not_sign_is_refused(world: World) -> None:
    world.note()
    world.attack("UPDATE checkpoints SET note = replace(note, 'room-7', 'room-8')")

    with world.ledger.reading() as reading, pytest.raises(IntegrityError):
        world.ledger.checkpoint(reading)
    with pytest.raises(IntegrityError):
        world.note()


def test_a_time_far_ahead_is_not_believed(world: World) -> None:
    """Whoever moves time on could skip a waiting period."""
    world.notes(2)
    world.attack("UPDATE entries SET at = '2030-01-01T00:00:00.000000Z' WHERE id = 2")

    with pytest.raises(IntegrityError, match="not written by this room"):
        world.note()


def test_a_time_that_is_none_is_shown_past_and_decides_nothing(
    sqlite_world: World,
) -> None:
    sqlite_world.note()
    sqlite_world.attack("UPDATE entries SET at = 'noon'")

    with sqlite_world.ledger.reading() as reading:
        assert reading.now == sqlite_world.clock()
    with pytest.raises(IntegrityError, match="not written by this room"):
        sqlite_world.note()


# --- every field and every edge ------------------------------------------------


def test_a_row_changed_without_an_entry_fails_the_commit(world: World) -> None:
    def change() -> None:
        with world.ledger.transaction() as writing:
            writing.append(event())
            TEAMS.insert(writing, Team(id=TeamId("team-a"), name="a"))

    with pytest.raises(AssertionError, match="no ledger entry names the change of te"):
        change()
    assert world.size() == 0


def test_entries_are_those_from_the_first_to_before_the_last(world: World) -> None:
    world.notes(4)
    with world.ledger.reading() as reading:
        for start, end, places in (
            (0, None, [0, 1, 2, 3]),
            (1, None, [1, 2, 3]),
            (1, 3, [1, 2]),
            (2, 2, []),
            (0, 0, []),
            (3, 9, [3]),
        ):
            found = world.ledger.entries(reading, start, end)
            assert [entry.position for entry in found] == places


def test_each_private_text_has_a_salt_of_its_own_and_others_none(
    world: World,
) -> None:
    one, other, plain = world.note("a"), world.note("a"), world.note()

    assert (len(one.salt), len(other.salt), plain.salt) == (32, 32, b"")
    assert one.salt != other.salt
    assert b'"private"' not in plain.body


def test_a_row_is_named_by_the_entry_after_it_alone(world: World) -> None:
    with world.ledger.transaction() as writing:
        TEAMS.insert(writing, Team(id=TeamId("team-a"), name="a"))
        first = writing.append(event())
        second = writing.append(event())

    assert b"team-a" in first.body
    assert b"team-a" not in second.body


def test_the_time_is_the_later_of_the_clock_and_the_newest_entry(
    world: World,
) -> None:
    world.note()
    for seconds, allowed in ((5, True), (5.001, False)):
        world.clock.time = START
        world.clock.pass_(seconds=-seconds)
        with world.ledger.reading() as reading:
            assert reading.now == START
        if allowed:
            with world.ledger.transaction() as writing:
                assert writing.now == START
        else:
            with pytest.raises(SetupError), world.ledger.transaction():
                pass
    world.clock.time = START
    world.clock.pass_(seconds=7)
    with world.ledger.reading() as reading:
        assert reading.now == world.clock.time
    with world.ledger.transaction() as writing:
        assert writing.now == world.clock.time


def test_the_first_and_the_last_entry_have_a_proof(world: World) -> None:
    with world.ledger.reading() as reading, pytest.raises(MissingError):
        world.ledger.prove(reading, 0)
    world.notes(2)
    with world.ledger.reading() as reading:
        leaves = [entry.leaf for entry in world.ledger.entries(reading, 0)]
        assert world.ledger.prove(reading, 0) == [leaves[1]]
        assert world.ledger.prove(reading, 1) == [leaves[0]]
        assert world.ledger.entry(reading, 1).position == 1
        for position in (-1, 2):
            with pytest.raises(MissingError, match=f"entry {position} is outside"):
                world.ledger.prove(reading, position)
            with pytest.raises(MissingError, match=f"there is no entry {position}"):
                world.ledger.entry(reading, position)
