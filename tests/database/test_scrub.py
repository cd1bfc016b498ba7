"""What was deleted leaves the files, and others in the way are named."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.database import migrating, tables
from strongroom.database.engine import Database
from strongroom.database.scrub import scrub
from strongroom.errors import UnavailableError

TEXT = "something-that-somebody-once-typed"


@pytest.fixture
def migrated_sqlite(sqlite_url: str) -> Iterator[Database]:
    """Give a SQLite database with our tables."""
    database = Database(sqlite_url)
    migrating.upgrade(database)
    yield database
    database.close()


def write(database: Database, text: str = TEXT) -> None:
    with database.writing() as connection:
        connection.execute(
            sa.insert(tables.private_facts),
            [
                {"entry_id": n, "subject": "", "salt": b"s", "payload": f"{text}-{n}"}
                for n in range(500)
            ],
        )


def test_deleted_rows_leave_a_sqlite_file_and_its_log(
    migrated_sqlite: Database,
) -> None:
    folder = Path(migrated_sqlite.url.database or "").parent
    write(migrated_sqlite)
    with migrated_sqlite.writing() as connection:
        connection.execute(
            sa.delete(tables.private_facts).where(
                tables.private_facts.c.entry_id != 499
            )
        )

    def found() -> int:
        files = [p for p in folder.iterdir() if p.is_file()]
        return sum(path.read_bytes().count(TEXT.encode()) for path in files)

    assert found() > 100
    scrub(migrated_sqlite, "private_facts")

    assert found() == 1
    with migrated_sqlite.writing() as connection:  # transactions work as before
        connection.execute(sa.delete(tables.private_facts))


def test_scrubbing_works_on_both(migrated_url: str) -> None:
    database = Database(migrated_url)
    write(database)

    scrub(database, "private_facts", "accounts")

    with database.reading() as connection:
        count = sa.select(sa.func.count()).select_from(tables.private_facts)
        assert connection.execute(count).scalar_one() == 500
    database.close()


def test_a_reader_in_the_way_is_told_of(migrated_sqlite: Database) -> None:
    """It still needs the old pages; nothing is lost by trying again."""
    impatient = Database(str(migrated_sqlite.url), wait_seconds=0)
    write(impatient)
    reading, done = threading.Event(), threading.Event()

    def read() -> None:
        with migrated_sqlite.reading() as connection:
            connection.execute(sa.select(tables.private_facts)).all()
            reading.set()
            done.wait(60)

    thread = threading.Thread(target=read)
    thread.start()
    reading.wait(60)
    try:
        with pytest.raises(UnavailableError):
            scrub(impatient, "private_facts")
    finally:
        done.set()
        thread.join()
    scrub(impatient, "private_facts")
    impatient.close()
