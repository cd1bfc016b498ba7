"""The administrator of an SQLite database puts a number where bytes belong."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from strongroom.client.client import Strongroom
from strongroom.errors import IntegrityError
from tests.journeys.fixtures import quick
from tests.journeys.rooms import Clock, again, solo

__all__ = ["quick"]

HUGE = 10**13


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a closed room with one small model and a permit for it."""
    folder = tmp_path_factory.mktemp("cells") / "room"
    source = folder.parent / "model.safetensors"
    save_file({"weight": np.ones((8, 64), np.float32)}, source)
    with solo(folder, clock=Clock()) as room:
        room.seal(source, name="llm", classification="internal")
        room.request("llm", purpose="a test")
    return folder


def put(folder: Path, table: str, column: str, value: object) -> None:
    """Write a value into one column of every row."""
    with closing(sqlite3.connect(folder / "room.db")) as connection, connection:
        statement = f"UPDATE {table} SET {column} = ?"  # noqa: S608  # names are ours
        assert connection.execute(statement, (value,)).rowcount > 0


def look(_: Strongroom) -> None:
    """Do nothing: the room did not open."""


def use(room: Strongroom) -> None:
    with room.open("llm") as opened:
        opened.check()


def show(room: Strongroom) -> None:
    for entry in room.records.tail():
        room.records.show(entry.position or 0)


def export(room: Strongroom) -> None:
    room.records.export(room.room.settings.folder / "out", private=True)


CELLS: tuple[tuple[str, str, Callable[[Strongroom], None]], ...] = (
    ("room_keys", "wrapped", look),
    ("tiles", "hashes", look),
    ("checkpoints", "frontier", look),
    ("wraps", "wrapped", use),
    ("manifests", "signed", use),
    ("footprints", "extents", use),
    ("private_facts", "salt", show),
    ("private_facts", "salt", export),
)


@pytest.mark.parametrize(("table", "column", "act"), CELLS)
def test_a_number_for_bytes_is_refused_before_memory_is_taken(
    sealed: Path,
    quick: Path,
    table: str,
    column: str,
    act: Callable[[Strongroom], None],
) -> None:
    """ATT&CK T1565.001, T1499: once, it was read as 10 TB of zeros."""
    folder = quick / "copy"
    shutil.copytree(sealed, folder)
    put(folder, table, column, HUGE)

    with pytest.raises(IntegrityError), again(folder, Clock()) as room:
        act(room)


@pytest.mark.parametrize(
    ("table", "column", "act"),
    [("checkpoints", "note", look), ("private_facts", "payload", show)],
)
def test_bytes_for_text_are_refused_with_a_sentence(
    sealed: Path,
    quick: Path,
    table: str,
    column: str,
    act: Callable[[Strongroom], None],
) -> None:
    """ATT&CK T1565.001: once, it was told as a bug of ours."""
    folder = quick / "copy"
    shutil.copytree(sealed, folder)
    put(folder, table, column, b"\x00\xff")

    with pytest.raises(IntegrityError), again(folder, Clock()) as room:
        act(room)


@pytest.mark.parametrize("act", [use, show, export])
def test_without_the_attack_nothing_is_refused(
    sealed: Path, quick: Path, act: Callable[[Strongroom], None]
) -> None:
    """The control: each of the tests above can fail."""
    folder = quick / "copy"
    shutil.copytree(sealed, folder)

    with again(folder, Clock()) as room:
        act(room)
