"""Copies of a SQLite database, whole even while others write to it."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from urllib.parse import quote

from strongroom.errors import ConflictError, MissingError, UnavailableError


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy one consistent state of a database file, durably, or leave nothing.

    Args:
        source: The file; what its ``-wal`` holds is copied too.
        target: Made anew; its folder exists.

    Raises:
        MissingError: There is no such file.
        ConflictError: There is a file at ``target``.
        UnavailableError: It is no database, or cannot be read or written.
    """
    if not source.is_file():
        raise MissingError(f"there is no database at {source}")
    if target.exists():
        raise ConflictError(f"{target} is there already")
    partial = target.with_name(f"{target.name}.partial")
    try:
        partial.unlink(missing_ok=True)  # of an interrupted copy
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        address = f"file:{quote(str(source.absolute()))}?mode=ro"
        with (
            contextlib.closing(sqlite3.connect(address, uri=True)) as read,
            contextlib.closing(sqlite3.connect(partial)) as written,
        ):
            read.backup(written)
        _sync(partial)
        partial.replace(target)
        _sync(target.parent)
    except sqlite3.Error as error:
        partial.unlink(missing_ok=True)
        raise UnavailableError(f"{source} cannot be copied: {error}") from None
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise UnavailableError(f"{target}: {error.strerror}") from None


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
