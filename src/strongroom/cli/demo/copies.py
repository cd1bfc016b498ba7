"""Copies of a room's folder for attackers, so that each finds a healthy room."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


def copy_room(folder: Path, to: Path) -> None:
    """Copy a room with a SQLite database into the new folder ``to``.

    Sealed objects are linked, not copied: whoever changes one writes a new file.
    """
    to.mkdir(mode=0o700)
    shutil.copy2(folder / "room.toml", to)
    shutil.copytree(folder / "custodians", to / "custodians")
    shutil.copytree(folder / "stores", to / "stores", copy_function=os.link)
    copy_database(folder / "room.db", to / "room.db")


def copy_database(source: Path, target: Path) -> None:
    """Copy a SQLite file that may be in use, whole, over ``target``."""
    for suffix in ("", "-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    with (
        closing(sqlite3.connect(source)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new)


@contextmanager
def administering(folder: Path) -> Iterator[sqlite3.Connection]:
    """Give the database of a room as its administrator has it: plain SQL."""
    with closing(sqlite3.connect(folder / "room.db")) as connection:
        connection.row_factory = sqlite3.Row
        with connection:
            yield connection
