"""Every entry gets one index, whoever writes, and nothing forged is signed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from strongroom.access.teams import TEAMS, Team
from strongroom.database import tables
from strongroom.errors import ConflictError, IntegrityError, UnavailableError
from strongroom.ledger import checks, sequencer
from strongroom.ledger.frontier import Frontier
from strongroom.ledger.tree import leaf_hash
from strongroom.types import TeamId, new_id
from tests.ledger.world import (
    World,
    another_sequencer,
    event,
    impatient,
    world_at,
)

WRITER = """
import sys
from tests.ledger.world import world_at
with world_at(sys.argv[1]) as world:
    for _ in range(int(sys.argv[2])):
        world.notes(2)
"""


def bodies(world: World) -> list[bytes]:
    with world.ledger.reading() as reading:
        return [entry.body for entry in world.ledger.entries(reading, 0)]


def chain(world: World) -> list[tuple[int, int]]:
    """Return the sizes before and after, of every checkpoint in order."""
    columns = tables.checkpoints.c
    with world.database.reading() as connection:
        rows = connection.execute(
            sa.select(columns.previous_size, columns.size).order_by(columns.size)
        )
        return [(row.previous_size, row.size) for row in rows]


def assert_whole(world: World, size: int) -> None:
    """No gap, no fork, everything under the newest checkpoint."""
    sizes = chain(world)
    with world.ledger.reading() as reading:
        assert checks.check_all(world.ledger, reading) == []
    assert world.size() == size == len(bodies(world))
    assert [before for before, _ in sizes] == [0, *(after for _, after in sizes)][:-1]
    assert sizes[-1][1] == size


def leave_unsequenced(world: World) -> bytes:
    """Commit an entry that nobody indexes, as after a crash; return its body."""
    with another_sequencer(world), pytest.raises(UnavailableError):
        world.note("left")
    with world.database.reading() as connection:
        left = connection.execute(
            sa.select(tables.entries.c.body).where(tables.entries.c.position.is_(None))
        ).scalar_one()
    return bytes(left)


def commits(world: World) -> list[int]:
    """Return a list that grows by one with every commit."""
    counted: list[int] = []
    sa.event.listen(world.database.engine, "commit", lambda _: counted.append(1))
    return counted


def times(
    count: int, call: Callable[..., object], *words: object
) -> Callable[[], None]:
    """Return a writer that calls so many times."""

    def write() -> None:
        for _ in range(count):
            call(*words)

    return write


def seen_gaps(world: World, writers: list[Callable[[], None]]) -> list[object]:
    """Run the writers at once; return what failed, and states that have a gap."""
    found: list[object] = []
    columns = tables.entries.c

    def run(write: Callable[[], None]) -> None:
        try:
            write()
        except Exception as error:
            found.append(error)

    threads = [threading.Thread(target=run, args=(write,)) for write in writers]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        with world.ledger.reading() as reading:
            count, newest = reading.connection.execute(
                sa.select(
                    sa.func.count(columns.position), sa.func.max(columns.position)
                )
            ).one()
            checkpoint = world.ledger.checkpoint(reading)
        if not count == newest + 1 == (checkpoint and checkpoint.size):
            found.append((count, newest, checkpoint))
    return found


def test_many_threads_leave_no_gap_and_no_fork(migrated_url: str) -> None:
    with world_at(migrated_url) as world:
        world.note()

        assert seen_gaps(world, [times(10, world.notes, 3)] * 4) == []
        assert_whole(world, 1 + 4 * 10 * 3)


def test_changes_of_one_row_stand_in_the_order_in_which_they_were_made(
    migrated_url: str,
) -> None:
    """Whoever changes a row next finds the change before it indexed, or indexes it.

    Writers wait for each other's rows here while one of them sequences: no
    deadlock, and no reader ever sees an index missing below the newest.
    """
    with world_at(migrated_url) as world:
        team = Team(id=TeamId("team-a"), name="0")
        with world.ledger.transaction() as writing:
            TEAMS.insert(writing, team)
            writing.append(event(facts={"project": "revision-1"}))

        def rename() -> None:
            with world.ledger.transaction() as writing:
                row = TEAMS.get(writing, team.id, lock=True)
                row = TEAMS.replace(writing, row, name=str(row.revision))
                writing.append(event(facts={"project": f"revision-{row.revision}"}))

        writers = [*[times(10, rename)] * 3, times(10, world.notes, 3)]
        assert seen_gaps(world, writers) == []
        assert_whole(world, 1 + 3 * 10 + 30)
        named = [body for body in bodies(world) if b"revision-" in body]
        assert len(named) == 1 + 3 * 10
        for number, body in enumerate(named, start=1):
            assert b'"revision-%d"' % number in body


def test_a_server_that_isolates_more_by_default_makes_no_difference(
    on_postgresql: World,
) -> None:
    """A transaction that sees an old state would sign the same size twice."""
    world = on_postgresql
    name = world.database.url.database
    world.attack(
        f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'"
    )
    world.database.close()
    world.note()

    assert seen_gaps(world, [times(10, world.note)] * 3) == []
    assert_whole(world, 1 + 3 * 10)


@pytest.mark.slow
def test_many_processes_leave_no_gap_and_no_fork(migrated_url: str) -> None:
    words = [sys.executable, "-c", WRITER, migrated_url, "10"]
    writers = [subprocess.Popen(words) for _ in range(4)]

    assert [writer.wait() for writer in writers] == [0] * 4
    with world_at(migrated_url) as world:
        assert_whole(world, 4 * 10 * 2)


def test_whatever_is_acknowledged_is_covered(migrated_url: str) -> None:
    """A transaction returns only when a checkpoint covers its entries."""
    with world_at(migrated_url) as world:
        uncovered: list[bytes] = []

        def write() -> None:
            for _ in range(10):
                entry = world.note(project=new_id("project", os.urandom))
                with world.database.reading() as connection:
                    position = connection.execute(
                        sa.select(tables.entries.c.position).where(
                            tables.entries.c.leaf == entry.leaf
                        )
                    ).scalar_one()
                if position is None or position >= world.size():
                    uncovered.append(entry.leaf)

        threads = [threading.Thread(target=write) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert uncovered == []
        assert_whole(world, 30)


def test_a_writer_that_waits_too_long_for_the_sequencer_is_told(
    on_postgresql: World,
) -> None:
    """Its entry is committed, and the next transaction indexes it."""
    world = on_postgresql
    with another_sequencer(world):
        with pytest.raises(UnavailableError, match="did not answer"):
            world.note("waits")
        assert world.size() == 0

    world.note("next")
    assert_whole(world, 2)


def test_what_a_crash_left_is_indexed_by_the_next_transaction(
    on_postgresql: World,
) -> None:
    world = on_postgresql
    world.notes(2)
    left = leave_unsequenced(world)
    assert world.size() == 2

    following = world.note("next")

    assert bodies(world)[2:] == [left, following.body]
    assert_whole(world, 4)


def test_what_a_crash_left_is_indexed_at_the_start(on_postgresql: World) -> None:
    world = on_postgresql
    left = leave_unsequenced(world)

    world.ledger.catch_up()

    assert bodies(world) == [left]
    assert_whole(world, 1)
    world.ledger.catch_up()
    assert_whole(world, 1)


@pytest.mark.parametrize("count", [1, 256])
def test_a_transaction_alone_is_one_commit(world: World, count: int) -> None:
    counted = commits(world)
    world.notes(count)

    assert len(counted) == 1
    assert_whole(world, count)


def test_a_transaction_beside_a_sequencer_is_two_commits(on_postgresql: World) -> None:
    """It holds rows, so it does not wait for the lock: that could be a deadlock."""
    world = on_postgresql
    counted, committed = commits(world), threading.Event()
    sa.event.listen(world.database.engine, "commit", lambda _: committed.set())
    writer = threading.Thread(target=world.note)

    with world.database.writing() as holder:
        sequencer.lock(holder)
        writer.start()
        assert committed.wait(60)
    writer.join()

    assert len(counted) == 3  # one of them is the holder's
    assert_whole(world, 1)


def test_two_sequencers_past_the_lock_collide_and_do_not_fork(
    on_postgresql: World,
) -> None:
    """The lock is a courtesy; the unique previous size is the guarantee."""
    world = on_postgresql
    world.note()
    leave_unsequenced(world)
    guards = world.ledger.guards

    def sequence(connection: sa.Connection) -> None:
        sequencer.sequence(connection, notes=world.ledger.notes, guards=guards)

    with impatient(world) as other, world.database.writing() as one:
        sequence(one)
        with pytest.raises(UnavailableError), other.writing() as two:
            sequence(two)
    assert_whole(world, 2)
    with pytest.raises(ConflictError), world.database.writing() as connection:
        connection.execute(
            sa.insert(tables.checkpoints).values(
                size=9, previous_size=1, frontier=b"", note=""
            )
        )


# --- whoever administers the database ---------------------------------------


def forged(world: World, body: bytes, mac: bytes = bytes(32)) -> None:
    world.attack(
        sa.insert(tables.entries).values(
            id=99,
            at=world.clock(),
            kind="project.created",
            body=body,
            leaf=leaf_hash(body),
            mac=mac,
        )
    )


def test_an_entry_that_somebody_put_there_is_not_signed(world: World) -> None:
    """It would name a restored row, and reconcile would call that row right."""
    world.note()
    forged(world, b'{"forged":1}')

    with pytest.raises(IntegrityError, match="not written by this room"):
        world.note()
    assert len(bodies(world)) == 1


def test_an_entry_is_not_signed_a_second_time(world: World) -> None:
    world.note()
    with world.database.reading() as connection:
        first = connection.execute(sa.select(tables.entries)).one()
    forged(world, first.body, first.mac)

    with pytest.raises(IntegrityError, match="not written by this room"):
        world.note()


def test_an_altered_waiting_entry_is_not_signed(on_postgresql: World) -> None:
    leave_unsequenced(on_postgresql)
    leaf = leaf_hash(b"{}")
    on_postgresql.attack(sa.update(tables.entries).values(body=b"{}", leaf=leaf))

    with pytest.raises(IntegrityError, match="not written by this room"):
        on_postgresql.note()


def test_another_history_is_not_signed(world: World) -> None:
    """All hashes of a rewritten ledger fit, but nobody signed its root."""
    world.notes(3)
    rewritten = Frontier().extend([leaf_hash(b"%d" % n) for n in range(3)])
    world.attack(sa.update(tables.checkpoints).values(frontier=rewritten.to_bytes()))

    with pytest.raises(IntegrityError, match="frontier"):
        world.note()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM tiles",
        "UPDATE tiles SET hashes = substr(hashes, 1, 32)",
        "UPDATE checkpoints SET frontier = substr(frontier, 1, 8)",
    ],
)
def test_a_damaged_tree_is_not_extended(world: World, statement: str) -> None:
    world.notes(3)
    world.attack(statement)

    with pytest.raises(IntegrityError):
        world.note()


def test_an_entry_hashes_as_it_was_appended(world: World) -> None:
    with world.ledger.transaction() as writing:
        entry = writing.append(event())

    assert entry.leaf == leaf_hash(bodies(world)[0])
