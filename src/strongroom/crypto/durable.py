"""Small files and folders that are there whole after a crash, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from strongroom.errors import ConflictError, UnavailableError
from strongroom.types import Random


def write_durably(
    path: Path,
    content: bytes,
    random: Random,
    *,
    overwrite: bool = False,
    what: str = "a file",
) -> None:
    """Write a whole 0600 file durably, or leave what was there.

    Args:
        path: Where; its folder exists.
        content: Of the file.
        random: Gives the name of a temporary file beside it.
        overwrite: Whether a file that is there is replaced.
        what: What would be at ``path`` already, for the refusal.

    Raises:
        ConflictError: There is a file, and ``overwrite`` is false.
        UnavailableError: It cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{random(8).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if overwrite:
            temporary.replace(path)
        else:
            os.link(temporary, path)
        sync_folder(path.parent)
    except FileExistsError:
        raise ConflictError(f"there is {what} at {path}") from None
    except OSError as error:
        raise UnavailableError(f"{path}: {error.strerror}") from None
    finally:
        temporary.unlink(missing_ok=True)


def remove_durably(*paths: Path) -> None:
    """Remove files of one folder so that no power cut brings them back.

    Args:
        paths: What is absent already stays so.

    Raises:
        OSError: One cannot be removed.
    """
    for path in paths:
        path.unlink(missing_ok=True)
    if paths:
        sync_folder(paths[0].parent)


def make_folder(folder: Path, *, mode: int = 0o777) -> None:
    """Make a folder and those above it, each durably entered in its parent.

    Args:
        folder: May be there already.
        mode: Of the folder itself, less the umask.

    Raises:
        OSError: It cannot be made.
    """
    absent = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(mode=mode, parents=True, exist_ok=True)
    for path in absent:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable.

    Raises:
        OSError: The disk did not take it.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
