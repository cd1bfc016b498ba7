"""Folders of this user alone, each for as long as one addition runs."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strongroom.errors import UnavailableError
from strongroom.types import IntakeId

MORE_ROOM = "free some, or name another folder: [intake] folder in room.toml"


@contextmanager
def quarantine_disk() -> Iterator[None]:
    """Turn what the disk under private folders refuses into our error.

    Raises:
        UnavailableError: It is full, or does not do what it should.
    """
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise UnavailableError(
                "the disk of the quarantine is full; nothing was kept",
                hint=MORE_ROOM,
            ) from None
        raise UnavailableError(
            f"quarantine cannot be used: {os.strerror(error.errno or errno.EIO)}",
            hint="is its folder writable?",
        ) from None


@contextmanager
def private_folder(within: Path, intake: IntakeId) -> Iterator[Path]:
    """Give a new folder that is locked while it is used, and removed afterwards.

    Raises:
        UnavailableError: It cannot be made.
    """
    folder = within / intake
    with quarantine_disk():
        within.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
    with _locked(folder) as held:
        if not held:  # swept between the two
            raise UnavailableError(f"{intake} was swept away", hint="try again")
        try:
            yield folder
        finally:
            _remove(folder)


@contextmanager
def scratch_folder(within: Path) -> Iterator[Path]:
    """Give a new folder inside a private one; remove afterwards what can be removed.

    ``tempfile.TemporaryDirectory`` calls itself until the stack ends over what a user
    of the sandbox owns, where root may not pass over modes (no CAP_DAC_OVERRIDE).

    Raises:
        OSError: It cannot be made.
    """
    folder = Path(tempfile.mkdtemp(prefix="reading-", dir=within))
    try:
        yield folder
    finally:
        _remove(folder)


def sweep(within: Path) -> int:
    """Remove folders that no running addition holds; return how many.

    A process that was killed holds no lock any more.
    """
    removed = 0
    for folder in within.glob("intake-*"):
        with _locked(folder) as free:
            if free:
                removed += _remove(folder)
    return removed


def _remove(folder: Path) -> bool:
    """Remove a folder; say if it is gone.

    A worker that was taken over may close folders of its output against everybody.
    """
    for below, names, _ in os.walk(folder):  # asks for names before it goes below
        for name in names:
            _reopen(Path(below, name))
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def _reopen(folder: Path) -> None:
    try:
        found = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:  # a link, which is removed as it is
        return
    try:
        os.chmod(f"/proc/self/fd/{found}", 0o700)  # of what was opened, not a link
    except OSError:  # somebody else's: what is left is not counted as removed
        return
    finally:
        os.close(found)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Lock a folder until the block ends; say whether that could be done."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:  # gone meanwhile, or no folder of ours
        yield False
        return
    try:
        yield _lock(descriptor)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
