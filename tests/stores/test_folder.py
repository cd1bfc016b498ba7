"""A folder keeps blobs whole, and keeps out what somebody else put there."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from strongroom.errors import (
    ConflictError,
    IntegrityError,
    MissingError,
    UnavailableError,
)
from strongroom.stores.folder import FolderStore

FULL_DISK = """
import resource, sys
from pathlib import Path
from strongroom.errors import UnavailableError
from strongroom.stores.folder import FolderStore

store = FolderStore(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
try:
    store.write("a", (bytes(1 << 18) for _ in range(8)))
except UnavailableError as error:
    print(error)
"""

KILLED = """
import os, signal, sys
from pathlib import Path
from strongroom.stores.folder import FolderStore

def parts():
    yield b"half"
    os.kill(os.getpid(), signal.SIGKILL)

FolderStore(Path(sys.argv[1])).write("a", parts())
"""


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    done = run(FULL_DISK, tmp_path)

    assert done.stdout == "a: File too large\n", done.stderr
    assert list(FolderStore(tmp_path).names()) == []
    assert list((tmp_path / ".partial").iterdir()) == []


def test_a_writer_that_is_killed_leaves_nothing_visible(tmp_path: Path) -> None:
    assert run(KILLED, tmp_path).returncode < 0

    store = FolderStore(tmp_path)

    assert list(store.names()) == []
    assert len(list((tmp_path / ".partial").iterdir())) == 1
    assert store.sweep() == 1
    assert store.sweep() == 0
    store.write("a", [b"whole"])


def test_sweeping_spares_a_writer_at_work(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)

    def parts() -> Iterator[bytes]:
        yield b"half "
        assert FolderStore(tmp_path).sweep() == 0
        yield b"whole"

    assert store.write("a", parts()) == 10


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"secret")
    store = FolderStore(tmp_path / "store")
    (tmp_path / "store" / "a").symlink_to(tmp_path / "outside")

    with pytest.raises(UnavailableError):
        store.read_into("a", 0, bytearray(1))


def test_a_pipe_in_place_of_a_blob_does_not_block(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    os.mkfifo(tmp_path / "a")

    with pytest.raises(IntegrityError, match="plain file"):
        store.read_into("a", 0, bytearray(1))


def test_a_blob_is_not_a_folder_of_others(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.write("a", [b"x"])

    with pytest.raises(MissingError):
        store.size("a/b")
    with pytest.raises(ConflictError):
        store.write("a/b", [b"x"])
    store.remove("a/b")


def test_files_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    FolderStore(tmp_path).write("a/b", [b"x"])

    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(UnavailableError):
        FolderStore(tmp_path / "file" / "store")


def test_a_folder_that_went_away_is_unavailable(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "store")
    (tmp_path / "store" / ".partial").rmdir()
    (tmp_path / "store").rmdir()

    with pytest.raises(UnavailableError):
        store.write("a", [b"x"])
    with pytest.raises(UnavailableError):
        list(store.names())
    with pytest.raises(UnavailableError):
        store.sweep()


def test_closing_lets_go_of_every_file(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(80):
        store.write(f"blobs/{number}", [b"x"])
        store.read_into(f"blobs/{number}", 0, bytearray(1))
    kept = len(list(Path("/proc/self/fd").iterdir())) - before

    store.close()

    assert kept == 64
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_the_lock_of_a_temporary_file_is_what_sweeping_asks(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    left = tmp_path / ".partial" / "0"
    left.write_bytes(b"")
    with left.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        assert store.sweep() == 0
    assert store.sweep() == 1
