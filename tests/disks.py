"""A small file system of the tests' own, which is full soon."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import require

_BALLAST = "ballast"
_CHUNK = bytes(4096)


@contextmanager
def small_disk(folder: Path, *, megabytes: int = 1) -> Iterator[Path]:
    """Give a file system of so many megabytes at ``folder``; needs root."""
    folder.mkdir(parents=True, exist_ok=True)
    words = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    mounted = subprocess.run(words, capture_output=True, check=False)
    require("a file system that root mounts", present=mounted.returncode == 0)
    try:
        yield folder
    finally:
        # Lazily: a test that failed may still have files open.
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(disk: Path, *, but_bytes: int) -> None:
    """Leave about so many bytes on the disk, and nothing more."""
    with (disk / _BALLAST).open("wb", buffering=0) as ballast:
        while _free(disk) > but_bytes:
            ballast.write(_CHUNK)


def empty(disk: Path) -> None:
    """Take away what ``fill`` wrote."""
    (disk / _BALLAST).unlink(missing_ok=True)


def _free(disk: Path) -> int:
    found = os.statvfs(disk)
    return found.f_bavail * found.f_frsize
