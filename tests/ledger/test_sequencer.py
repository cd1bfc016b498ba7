"""Every entry gets one index, whoever writes, and nothing forged is signed."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from strongroom.database import tables
from strongroom.database.engine import Database
from strongroom.errors import ConflictError, IntegrityError, UnavailableError
from strongroom.ledger import checks, sequencer
from strongroom.ledger.frontier import Frontier
from strongroom.ledger.log import Entry
from strongroom.ledger.tree import leaf_hash
from tests.ledger.world import KEYS, ORIGIN, World, event, world_at
from tests.postgresql import Server

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


@contextmanager
def impatient(world: World) -> Iterator[Database]:
    """Give the same database to somebody who waits one second."""
    url = world.database.url.render_as_string(hide_password=False)
    database = Database(url, wait_seconds=1)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def unsequenced(world: World) -> Iterator[None]:
    """Stop between commit and sequencer, as a crash would."""
    signer, world.ledger._signer = world.ledger._signer, None
    try:
        yield
    finally:
        world.ledger._signer = signer


def leave_unsequenced(world: World) -> Entry:
    """Commit an entry that nobody indexes; on PostgreSQL a crash leaves these."""
    with unsequenced(world), pytest.raises(UnavailableError, match="locked"):
        world.note("left")
    with world.database.reading() as connection:
        row = connection.execute(
            sa.select(tables.entries).where(tables.entries.c.position.is_(None))
        ).one()
    return Entry(id=row.id, position=None, body=row.body)


@pytest.fixture
def on_postgresql(
    postgresql_server: Server, postgresql_template: str
) -> Iterator[World]:
    """Give an empty ledger where entries are indexed after their commit."""
    url = postgresql_server.create_database(postgresql_template)
    with world_at(url) as world:
        yield world
    postgresql_server.drop_database(url)


def test_many_threads_leave_no_gap_and_no_fork(migrated_url: str) -> None:
    with world_at(migrated_url) as world:
        failures: list[Exception] = []

        def write() -> None:
            try:
                for _ in range(10):
                    world.notes(3)
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=write) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert failures == []
        assert_whole(world, 4 * 10 * 3)


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
        uncovered: list[int] = []

        def write() -> None:
            for _ in range(10):
                entry = world.note()
                with world.database.reading() as connection:
                    position = connection.execute(
                        sa.select(tables.entries.c.position).where(
                            tables.entries.c.id == entry.id
                        )
                    ).scalar_one()
                if position is None or position >= world.size():
                    uncovered.append(entry.id)

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
    with impatient(world) as database:
        patient, world.ledger.database = world.ledger.database, database
        with patient.writing() as holder:
            sequencer.lock(holder)
            with pytest.raises(UnavailableError, match="did not answer"):
                world.note("waits")
        world.ledger.database = patient
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

    assert bodies(world)[2:] == [left.body, following.body]
    assert_whole(world, 4)


def test_what_a_crash_left_is_indexed_at_the_start(on_postgresql: World) -> None:
    world = on_postgresql
    left = leave_unsequenced(world)

    world.ledger.catch_up()

    assert bodies(world) == [left.body]
    assert_whole(world, 1)
    world.ledger.catch_up()
    assert_whole(world, 1)


def test_sqlite_keeps_nothing_that_has_no_checkpoint(sqlite_world: World) -> None:
    with unsequenced(sqlite_world), pytest.raises(UnavailableError):
        sqlite_world.note()

    sqlite_world.ledger.catch_up()
    assert bodies(sqlite_world) == []


def test_two_sequencers_past_the_lock_collide_and_do_not_fork(
    on_postgresql: World,
) -> None:
    """The lock is a courtesy; the unique previous size is the guarantee."""
    world = on_postgresql
    world.note()
    leave_unsequenced(world)
    guards = world.ledger._guards

    def sequence(connection: sa.Connection) -> None:
        sequencer.sequence(
            connection, origin=ORIGIN, signer=KEYS.checkpoint, guards=guards
        )

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
