"""A batch of files is all there, or was never there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from threading import Event, Lock, Thread

import pytest

from strongroom.errors import ConflictError, UnavailableError
from strongroom.stores.folder import FolderStore
from strongroom.stores.staging import PARTIAL, StagedFiles
from tests.contracts.test_blob_store import write_batch

KILLED = """
import os, signal, sys
from pathlib import Path
from strongroom.stores.folder import FolderStore

with FolderStore(Path(sys.argv[1])).batch() as batch:
    batch.write("a", [b"whole"])
    batch.write("b", [b"whole"])
    os.kill(os.getpid(), signal.SIGKILL)
"""


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_batch_that_is_killed_leaves_nothing_visible(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], check=False, capture_output=True
    )
    store = FolderStore(tmp_path)

    assert done.returncode < 0, done.stderr
    assert list(store.names()) == []
    assert store.sweep() == 2


def test_sweeping_spares_a_file_that_is_just_being_made(tmp_path: Path) -> None:
    """A sweep between creating a file and locking it failed somebody's seal."""
    swept = Event()

    def sweep() -> None:
        while not swept.is_set():
            FolderStore(tmp_path).sweep()

    sweeper = Thread(target=sweep)
    sweeper.start()
    try:
        store = FolderStore(tmp_path)
        for number in range(300):
            with store.batch() as batch:
                batch.write(f"blob-{number}", [b"whole"])
    finally:
        swept.set()
        sweeper.join()
    assert len(list(store.names())) == 300


def test_sweeping_spares_what_waits_for_the_end_of_its_batch(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    with store.batch() as batch:
        batch.write("a", [b"whole"])
        assert FolderStore(tmp_path).sweep() == 0

    assert list(store.names()) == ["a"]
    assert list((tmp_path / PARTIAL).iterdir()) == []


def test_no_file_stays_open(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    before = open_files()
    with store.batch() as batch:
        for number in range(70):
            batch.write(f"a/{number}", [b"x"])
        assert open_files() <= before + 64
    with pytest.raises(ConflictError):
        write_batch(store, "b", "a/3")

    assert open_files() == before
    assert len(list(store.names())) == 70


def test_what_got_its_name_early_goes_with_its_batch(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    with pytest.raises(ConflictError):
        write_batch(store, *(f"a/{number}" for number in range(70)), "a/69")

    assert list(store.names()) == []


def test_a_folder_that_goes_away_meanwhile_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / PARTIAL).mkdir()
    staged = StagedFiles(tmp_path, random=os.urandom, folders=Lock())
    staged.write("a", [b"x"])
    (temporary,) = (tmp_path / PARTIAL).iterdir()
    temporary.unlink()

    with pytest.raises(UnavailableError):
        staged.publish()
    staged.abandon()
    assert [path.name for path in tmp_path.rglob("*")] == [PARTIAL]
