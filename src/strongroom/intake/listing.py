"""Lists and opens the files of a model on disk."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from strongroom.errors import (
    InputError,
    MissingError,
    StrongroomError,
    UnavailableError,
)
from strongroom.intake.names import MOST_DEPTH, verify_paths

MOST_FILES = 100_000

_HISTORIES = {".git", ".hg", ".svn"}
_OPEN_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK  # a fifo would block


def list_files(path: Path, *, most: int = MOST_FILES) -> tuple[Path, list[str]]:
    """Return the folder and the paths of every file in it, ordered.

    Args:
        path: A file, or a folder that is walked whole.
        most: Files that may be there.

    Raises:
        MissingError: Nothing is there.
        InputError: It is empty, a device, too large, holds a version history or a
            link to a folder, or a name cannot be restored everywhere.
        UnavailableError: The disk did not answer.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        if isinstance(error, OSError) and error.errno in {errno.EACCES, errno.ELOOP}:
            raise unreadable(str(path), error) from None
        raise MissingError(
            f"there is no file or folder {str(path)[:200]!a}", hint="is the path right?"
        ) from None
    if stat.S_ISREG(mode):
        folder, names = path.parent, [path.name]
    elif stat.S_ISDIR(mode):
        folder, names = path, sorted(islice(_walk(path, "", 0), most + 1))
    else:
        raise InputError(
            f"{_title(path)} is no regular file and no folder",
            hint="name a file, or the folder that holds the files",
        )
    if not names:
        raise InputError(
            f"{_title(path)} holds no files",
            hint="name the folder that holds the files",
        )
    if len(names) > most:
        raise InputError(
            f"{_title(path)} holds more than {most} files",
            hint="name the folder of one model, without what is not the model's",
        )
    verify_paths(names)
    return folder, names


def empty_folders(path: Path) -> list[str]:
    """Return the paths of the folders below a folder that hold nothing, ordered.

    Args:
        path: Whose files ``list_files`` listed; of a file there are none.

    Raises:
        InputError: Folders are nested too deep, or one may not be read.
        UnavailableError: The disk did not answer.
    """
    found: list[str] = []
    left = [("", 0)] if path.is_dir() else []
    while left and len(found) < MOST_FILES:
        name, depth = left.pop()
        if depth > MOST_DEPTH:
            raise InputError(
                f"folders are nested deeper than {MOST_DEPTH}",
                hint="name a folder further down",
            )
        try:
            with os.scandir(path / name) as entries:
                below = list(islice(entries, MOST_FILES))
            folders = [one for one in below if one.is_dir(follow_symlinks=False)]
        except OSError as error:
            raise unreadable(name or path.name, error) from None
        if name and not below:
            found.append(name)
        left += [(f"{name}/{one.name}".lstrip("/"), depth + 1) for one in folders]
    return sorted(found)


def _title(path: Path) -> str:
    """Return what a message calls a file or folder, also the one called ``.``."""
    return f"{(path.name or path.absolute().name)[:80]!a}"


def _walk(folder: Path, prefix: str, depth: int) -> Iterator[str]:
    """Yield the path of every file below a folder; refuse what is no file."""
    if depth > MOST_DEPTH:
        raise InputError(
            f"folders are nested deeper than {MOST_DEPTH}",
            hint="name a folder further down",
        )
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = prefix + entry.name
                if entry.is_dir():
                    _verify_folder(name, entry)
                    yield from _walk(folder / entry.name, name + "/", depth + 1)
                else:
                    yield name
    except OSError as error:
        raise unreadable(prefix or folder.name, error) from None


def _verify_folder(name: str, entry: os.DirEntry[str]) -> None:
    if entry.is_symlink():
        raise InputError(
            f"{name[:80]!a} is a link to a folder",
            hint="replace it by the folder it leads to",
        )
    if entry.name in _HISTORIES:
        raise InputError(
            f"{name[:80]!a} is a history, which may keep what was deleted",
            hint="seal a copy of the folder without it",
        )


def permitted_targets(path: Path, folder: Path) -> tuple[Path, ...]:
    """Return the folders that links may lead into.

    Args:
        path: What the caller named.
        folder: Itself, or the folder of a file.
    """
    if path.is_file():
        return (Path("/"),)  # the caller named this very file
    real = folder.resolve()
    if real.parent.name == "snapshots":
        return (real, real.parent.parent / "blobs")
    return (real,)


@contextmanager
def open_regular(path: Path, name: str) -> Iterator[int]:
    """Yield a descriptor of a regular file; opening a device could act on it.

    Args:
        path: Where it is; links are followed.
        name: For messages.

    Raises:
        InputError: It is no regular file or may not be read.
        UnavailableError: The disk did not answer.
    """
    try:
        regular = stat.S_ISREG(path.stat().st_mode)
        descriptor = os.open(path, _OPEN_FLAGS) if regular else -1
    except OSError as error:
        raise unreadable(name, error) from None
    if not regular:
        raise InputError(
            f"{name} is no regular file", hint="sockets and devices are not sealed"
        )
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise changed(name)
        yield descriptor
    finally:
        os.close(descriptor)


def read_at(name: str, descriptor: int, offset: int, length: int) -> bytes:
    """Return up to ``length`` bytes from ``offset``, fewer at the end of the file.

    Raises:
        UnavailableError: The disk did not answer.
    """
    try:
        return os.pread(descriptor, length, offset)
    except OSError as error:
        raise unreadable(name, error) from None


def changed(name: str) -> InputError:
    """Return the error for a file that is not the one that was scanned."""
    return InputError(
        f"{name} changed while it was read",
        hint="try again when nothing writes there",
    )


def unreadable(name: str, error: OSError) -> StrongroomError:
    """Return our error for what the system said about a file."""
    why = f"{name[:80]!a} cannot be read: {os.strerror(error.errno or errno.EIO)}"
    if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ELOOP}:
        return InputError(why, hint="does it exist, and may you read it?")
    return UnavailableError(why, hint="try again")
