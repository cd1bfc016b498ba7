"""What was not synced may be gone after a power cut, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from campaigns._powercut import PowerCut
from campaigns._trace import Boundary, Tracer, boundaries_in
from tests.conftest import require

_WAITS = "import os, sys\nprint('ready', flush=True)\nsys.stdin.read(1)\n"


def killed_in(
    program: str, folder: Path, boundary: Boundary | None = None
) -> tuple[int, Path]:
    """Let a process do something in a folder; return its status and its trace."""
    trace = folder.parent / "trace"
    child = subprocess.Popen(
        [sys.executable, "-c", _WAITS + program],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdout.readline()
    try:
        tracer = Tracer(child.pid, trace, boundary)
    except SystemExit as error:
        require(f"strace: {error}", present=False)
    child.communicate(b"\n")
    tracer.wait()
    return child.returncode, trace


def cut(folder: Path, trace: Path, before: frozenset[Path] = frozenset()) -> int:
    """Take away everything that was not synced."""
    power = PowerCut(folder, before, lambda _: None)
    power.read(trace)
    return power.cut(Random(1), everything=True)  # noqa: S311 (no secret)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "disk"
    made.mkdir()
    return made


_WRITE = "f = os.open({0!r}, os.O_CREAT | os.O_RDWR)\nos.write(f, b'12345678')\n"
_SYNC = "os.fsync(f)\n"
_SYNC_FOLDER = "os.fsync(os.open({0!r}, os.O_RDONLY))\n"


@pytest.mark.parametrize(
    ("steps", "left"),
    [
        ("", None),
        (_SYNC, None),
        (_SYNC_FOLDER, b""),
        (_SYNC + _SYNC_FOLDER, b"12345678"),
        (_SYNC + _SYNC_FOLDER + "os.write(f, b'more')\n", b""),
        (_SYNC + _SYNC_FOLDER + "os.link({1!r}, {2!r})\n", b"12345678"),
        (_SYNC + "os.link({1!r}, {2!r})\nos.unlink({1!r})\n" + _SYNC_FOLDER, None),
        (
            _SYNC + _SYNC_FOLDER + "os.link({1!r}, {2!r})\nos.unlink({1!r})\n",
            b"12345678",
        ),
    ],
)
def test_only_what_was_synced_is_certain(
    folder: Path, steps: str, left: bytes | None
) -> None:
    file, other = str(folder / "a"), str(folder / "b")
    program = _WRITE.format(file) + steps.format(str(folder), file, other)

    status, trace = killed_in(program, folder)
    cut(folder, trace)

    assert status == 0
    kept = folder / "a"
    assert (kept.read_bytes() if kept.exists() else None) == left


def test_a_process_is_killed_before_the_call_and_not_after_it(folder: Path) -> None:
    program = _WRITE.format(str(folder / "a")) + _SYNC + "os.write(f, b'more')\n"
    _, trace = killed_in(program, folder)
    passed = boundaries_in(trace, ("write", "fsync"))

    found = []
    for boundary in passed:
        (folder / "a").unlink()
        status, _ = killed_in(program, folder, boundary)
        assert status == -signal.SIGKILL
        found.append((folder / "a").read_bytes())

    assert [str(boundary) for boundary in passed] == ["write 1", "write 2", "fsync 1"]
    assert found == [b"", b"12345678", b"12345678"]


def test_what_is_written_in_place_is_lost_where_it_was_written(folder: Path) -> None:
    file = folder / "slots"
    file.write_bytes(b"a" * 16)
    program = (
        f"f = os.open({str(file)!r}, os.O_RDWR)\nos.pwrite(f, b'bbbb', 0)\n"
        "os.fdatasync(f)\nos.pwrite(f, b'cccc', 8)\n"
    )

    _, trace = killed_in(program, folder)
    lost = cut(folder, trace, frozenset({file}))

    assert lost == 1
    found = file.read_bytes()
    assert found[:8] + found[12:] == b"bbbbaaaa" + b"aaaa"
    assert found[8:12] != b"cccc"


def test_a_file_that_was_replaced_comes_back(folder: Path, tmp_path: Path) -> None:
    former = tmp_path / "former"
    former.write_bytes(b"old")
    file = folder / "a"
    file.write_bytes(b"old")
    program = _WRITE.format(str(folder / "t")) + _SYNC
    program += f"os.replace({str(folder / 't')!r}, {str(file)!r})\n"

    _, trace = killed_in(program, folder)
    power = PowerCut(folder, frozenset({file}), lambda _: former)
    power.read(trace)
    assert file.read_bytes() == b"12345678"
    power.cut(Random(1), everything=True)  # noqa: S311 (no secret)

    assert file.read_bytes() == b"old"
    assert os.listdir(folder) == ["a"]


def test_a_destroyed_custody_file_does_not_come_back(
    folder: Path, tmp_path: Path
) -> None:
    """Its folder was not synced: a power cut gave the former root key back."""
    former = tmp_path / "former"
    former.write_bytes(b"a root key")
    files = [folder / name for name in ("weights", "weights.anchor")]
    for file in files:
        file.write_bytes(b"a root key")
    program = (
        "from pathlib import Path\nfrom strongroom.crypto.durable import *\n"
        f"remove_durably(*map(Path, {list(map(str, files))!r}))\n"
    )

    status, trace = killed_in(program, folder)
    power = PowerCut(folder, frozenset(files), lambda _: former)
    power.read(trace)
    power.cut(Random(1), everything=True)  # noqa: S311 (no secret)

    assert status == 0
    assert os.listdir(folder) == []


def test_the_folder_of_a_new_room_does_not_vanish(folder: Path) -> None:
    """Nobody had synced its parent: a power cut after ``init`` took the room away."""
    room = folder / "rooms" / "one"
    program = (
        "from pathlib import Path\nfrom strongroom.crypto.durable import *\n"
        f"make_folder(Path({str(room)!r}))\n"
    )

    status, trace = killed_in(program, folder)
    cut(folder, trace)

    assert status == 0
    assert room.is_dir()
