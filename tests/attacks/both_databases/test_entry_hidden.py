"""The administrator of the database acts between a commit and the next look."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from strongroom.errors import StrongroomError
from tests.journeys import rooms
from tests.journeys.rooms import Clock


@dataclass
class HostileClock(Clock):
    """A clock at which the administrator waits for the right moment."""

    act: Callable[[], object] = lambda: None

    def __call__(self) -> datetime:
        self.act()
        return self.now


def entries_in(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("SELECT count(*) FROM entries").fetchone()[0])


def put_back(older: sqlite3.Connection, database: Path) -> None:
    with closing(sqlite3.connect(database, timeout=5)) as connection:
        older.backup(connection)


def test_no_key_leaves_when_its_entry_is_hidden_before_the_custodian_sees_it(
    quick: Path, model: Path
) -> None:
    """ATT&CK T1070: the file from before is put back right after the commit.

    Once, the custodian was shown whatever checkpoint there was: the older one,
    which it knew, and so the key left without an entry.
    """
    clock = HostileClock()
    with rooms.solo(quick / "room", clock=clock) as room:
        room.seal(model, name="llm", classification="internal")
        permit = room.request("llm", purpose="a test").permit
        assert permit is not None
        room.room.anchor()
        database, read = quick / "room" / "room.db", 0
        before = entries_in(database)
        with (
            closing(sqlite3.connect(database)) as live,
            closing(sqlite3.connect(":memory:")) as older,
        ):
            live.backup(older)

            def act() -> None:
                if entries_in(database) > before:
                    put_back(older, database)

            clock.act = act
            try:
                with room.open(permit.id) as opened:
                    read = opened.check()
            except StrongroomError:
                read = 0
            clock.act = lambda: None

    assert read == 0
