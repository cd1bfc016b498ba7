"""A copy of a database is whole, or there is none."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from strongroom.database.copying import copy_sqlite
from strongroom.errors import ConflictError, MissingError, UnavailableError


def rows(path: Path) -> list[int]:
    """Return what the table holds."""
    with closing(sqlite3.connect(path)) as database:
        return [row[0] for row in database.execute("SELECT n FROM t ORDER BY n")]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Give a database whose newest rows are only in its write-ahead log."""
    path = tmp_path / "a room.db"
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE t (n INTEGER)")
    database.executemany("INSERT INTO t VALUES (?)", [(n,) for n in range(9)])
    database.commit()
    return path


def test_a_copy_has_what_is_only_in_the_log(source: Path, tmp_path: Path) -> None:
    copy_sqlite(source, tmp_path / "copy.db")

    assert rows(tmp_path / "copy.db") == list(range(9))
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600


def test_a_copy_while_somebody_writes_has_no_half_of_it(
    source: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(source)) as writer:
        writer.execute("DELETE FROM t WHERE n > 3")
        copy_sqlite(source, tmp_path / "copy.db")
        writer.rollback()

    assert rows(tmp_path / "copy.db") == list(range(9))


def test_what_an_interrupted_copy_left_is_no_hindrance(
    source: Path, tmp_path: Path
) -> None:
    (tmp_path / "copy.db.partial").write_bytes(b"half")
    copy_sqlite(source, tmp_path / "copy.db")

    assert not (tmp_path / "copy.db.partial").exists()


def test_nothing_is_copied_over(source: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_bytes(b"mine")
    with pytest.raises(ConflictError):
        copy_sqlite(source, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_bytes() == b"mine"


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"no database at all" * 100)

    with pytest.raises(UnavailableError, match="cannot be copied"):
        copy_sqlite(tmp_path / "text", tmp_path / "copy.db")
    with pytest.raises(MissingError):
        copy_sqlite(tmp_path / "none", tmp_path / "copy.db")
    with pytest.raises(UnavailableError):
        copy_sqlite(tmp_path / "text", tmp_path / "nowhere" / "copy.db")
    assert [path.name for path in tmp_path.iterdir()] == ["text"]
