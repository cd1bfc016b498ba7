"""Transactions behave alike on SQLite and PostgreSQL, and fail in our words."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import StatementError

from strongroom.database import engine, people_tables, tables
from strongroom.database.engine import Database, parse_url
from strongroom.errors import (
    ConflictError,
    InputError,
    SetupError,
    StrongroomError,
    UnavailableError,
)
from tests.postgresql import Server

SUBJECT = b"somebody"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
INSERT = sa.insert(people_tables.attempts).values(
    subject=SUBJECT, failures=1, wait_until=NOON
)
FAILURES = sa.select(people_tables.attempts.c.failures)


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    database = Database(migrated_url)
    yield database
    database.close()


@pytest.mark.parametrize("text", ["/dev/full", "", "a poem", "sqlite:\n//"])
def test_what_is_no_url_is_said_to_be_none(text: str) -> None:
    with pytest.raises(SetupError, match="not understood") as caught:
        parse_url(text)
    assert caught.value.hint


def test_a_block_commits_whole_or_not_at_all(database: Database) -> None:
    def fail_midway() -> None:
        with database.writing() as connection:
            connection.execute(INSERT)
            raise KeyError

    with pytest.raises(KeyError):
        fail_midway()
    with database.reading() as connection:
        assert connection.execute(FAILURES).all() == []

    with database.writing() as connection:
        connection.execute(INSERT)
    with database.reading() as connection:
        assert connection.execute(FAILURES).scalar_one() == 1


def test_a_reader_sees_one_state_while_others_write(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(INSERT)
    with database.reading() as reader:
        before = reader.execute(FAILURES).scalar_one()
        with database.writing() as writer:
            writer.execute(sa.update(people_tables.attempts).values(failures=2))
        assert reader.execute(FAILURES).scalar_one() == before == 1


def test_nothing_is_written_while_reading(database: Database) -> None:
    with pytest.raises(UnavailableError), database.reading() as connection:
        connection.execute(INSERT)
    with database.writing() as connection:  # the same pooled connection can again
        connection.execute(INSERT)


def test_a_second_row_with_the_same_key_is_a_conflict(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(INSERT)
    with (
        pytest.raises(ConflictError, match="wrote the same row first"),
        database.writing() as connection,
    ):
        connection.execute(INSERT)


def test_writers_wait_for_each_other_and_lose_nothing(database: Database) -> None:
    """Without the lock PostgreSQL would lose updates, silently."""
    with database.writing() as connection:
        connection.execute(INSERT)

    def count() -> None:
        for _ in range(10):
            with database.writing() as connection:
                row = connection.execute(FAILURES.with_for_update()).scalar_one()
                connection.execute(
                    sa.update(people_tables.attempts).values(failures=row + 1)
                )

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as connection:
        assert connection.execute(FAILURES).scalar_one() == 41


def test_a_writer_that_waits_too_long_is_told(
    migrated_url: str, database: Database
) -> None:
    """The same code as with the 10 seconds of the product, only shorter."""
    short = Database(migrated_url, wait_seconds=1)
    with database.writing() as connection:
        connection.execute(INSERT)
    with database.writing() as holder:
        holder.execute(sa.update(people_tables.attempts).values(failures=2))
        with (
            pytest.raises(UnavailableError, match="did not answer") as caught,
            short.writing() as waiting,
        ):
            waiting.execute(sa.update(people_tables.attempts).values(failures=3))
    short.close()

    assert "try again" in caught.value.hint
    assert engine.WAIT_SECONDS == 10


@pytest.mark.parametrize("text", ["a\ud800", "a\x00\ud800"], ids=repr)
def test_text_that_no_column_holds_is_refused(database: Database, text: str) -> None:
    with pytest.raises(InputError), database.reading() as connection:
        connection.execute(sa.select(tables.teams).where(tables.teams.c.name == text))


def test_a_number_that_no_column_holds_is_refused(database: Database) -> None:
    with pytest.raises(InputError), database.writing() as connection:
        connection.execute(INSERT.values(failures=10**30))


def test_an_unknown_url_is_refused_without_repeating_it() -> None:
    for url in ("", "oracle+magic://u:hunter2@h/d", "postgresql+nothing://u:hunter2@h"):
        with pytest.raises(SetupError) as caught:
            Database(url)
        assert "hunter2" not in f"{caught.value} {caught.value.hint}"


def test_a_driver_that_is_absent_is_named() -> None:
    with pytest.raises(SetupError, match="driver MySQLdb is not installed"):
        Database("mysql://h/d")


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    database = Database(f"postgresql+psycopg://u:hunter2@/d?host={tmp_path}")

    with pytest.raises(UnavailableError) as caught, database.reading():
        pass
    assert "hunter2" not in str(caught.value)
    with pytest.raises(UnavailableError), database.writing():
        pass


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "room.db").write_bytes(b"not a database" * 100)
    database = Database(f"sqlite+pysqlite:///{tmp_path / 'room.db'}")

    with pytest.raises(UnavailableError, match="not a database"), database.reading():
        pass


def test_a_connection_that_breaks_is_replaced(postgresql_server: Server) -> None:
    url = postgresql_server.create_database()
    database = Database(url)
    with database.writing() as connection:
        connection.execute(sa.text("SELECT 1"))

    with pytest.raises(UnavailableError), database.writing() as connection:
        connection.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))
    with database.writing() as connection:
        assert connection.execute(sa.text("SELECT 1")).scalar_one() == 1
    database.close()
    postgresql_server.drop_database(url)


def test_sqlite_makes_a_commit_durable(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    with database.reading() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "trusted_schema")
        }
    database.close()

    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "trusted_schema": 0}


@pytest.mark.parametrize("cell", [object(), "noon"])
def test_an_error_does_not_repeat_what_was_to_be_stored(
    database: Database, cell: object
) -> None:
    """Salts and private text are parameters; a traceback ends in somebody's log."""
    with pytest.raises((StrongroomError, StatementError)) as caught:
        store(database, subject=2 * b"SALT", failures=1, wait_until=cell)

    assert "SALTSALT" not in "".join(traceback.format_exception(caught.value))


def store(database: Database, **values: object) -> None:
    with database.writing() as connection:
        connection.execute(sa.insert(people_tables.attempts), values)
