"""Copies files from outside into one private file, and says what they were.

Everything that follows reads the copy: what is hashed, sealed, examined and
re-written are the same bytes, whatever happens to the original meanwhile.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from strongroom import canonical
from strongroom.errors import InputError, UnavailableError
from strongroom.intake.jobs import MOST_FILES
from strongroom.intake.listing import (
    changed,
    list_files,
    open_regular,
    permitted_targets,
    unreadable,
)
from strongroom.intake.private_folders import MORE_ROOM, quarantine_disk
from strongroom.intake.rewriting import write_all

MOST_BYTES = 1 << 40

_PIECE_BYTES = 1 << 20
_SPARE_BYTES = 64 << 20
"""Left free on the disk of the quarantine: a full disk stops more than intake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFile:
    """One file of the copy.

    Attributes:
        path: What the supplier calls it: relative, ``/`` between its parts.
        offset: First byte in the copy.
        length: Bytes.
        sha256: Hexadecimal.
    """

    path: str
    offset: int
    length: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """The files of one addition, one after the other in one private file."""

    files: tuple[ReceivedFile, ...]

    @property
    def length(self) -> int:
        """Bytes of all files."""
        return sum(file.length for file in self.files)

    @property
    def digest(self) -> str:
        """Hexadecimal SHA-256 over path, length and SHA-256 of every file."""
        return files_digest((f.path, f.length, f.sha256) for f in self.files)

    @property
    def digests(self) -> frozenset[str]:
        """Digests by which somebody may expect it; a single file has its own too."""
        alone = self.files if len(self.files) == 1 else ()
        return frozenset({self.digest, *(file.sha256 for file in alone)})


def files_digest(files: Iterable[tuple[str, int, str]]) -> str:
    """Return the digest of path, length and hexadecimal SHA-256 of some files."""
    listed: list[canonical.Json] = [list(file) for file in sorted(files)]
    return canonical.digest(
        "strongroom/v1/intake-files", canonical.to_json(listed)
    ).hex()


def receive(
    path: Path,
    into: Path,
    *,
    progress: Callable[[int], None] = lambda _: None,
    most_bytes: int = MOST_BYTES,
) -> Received:
    """Copy a file, or every file of a folder, to the new private file ``into``.

    Links are followed as sealing does: within the folder, or into the store of a
    Hugging Face cache.

    Args:
        path: A file, or a folder that is walked whole.
        into: Must not exist; made for this user alone.
        progress: Told the bytes copied since the last call.
        most_bytes: Of all files together.

    Raises:
        MissingError: Nothing is there.
        InputError: It is too much, a name cannot be restored, a link leads away, or a
            file changed while it was read.
        UnavailableError: A disk does not answer, or is full.
    """
    folder, names = list_files(path, most=MOST_FILES)
    permitted = permitted_targets(path, folder)
    wanted = _total_bytes(folder, names, most_bytes)
    verify_room(into.parent, wanted)
    files: list[ReceivedFile] = []
    offset = 0
    with new_private(into) as copy:
        for name in names:
            target = _target(folder, name, permitted)
            length, sha256 = _copy(name, target, copy, progress)
            file = ReceivedFile(path=name, offset=offset, length=length, sha256=sha256)
            files.append(file)
            offset += length
    return Received(files=tuple(files))


@contextmanager
def new_private(into: Path) -> Iterator[BinaryIO]:
    """Give a new private file; nothing is left of it if the block fails.

    Raises:
        UnavailableError: The disk does not answer, or is full.
    """
    with (
        quarantine_disk(),
        open(into, "xb", buffering=0, opener=_private) as file,
    ):
        try:
            yield file
        except BaseException:
            into.unlink(missing_ok=True)
            raise


def _total_bytes(folder: Path, names: Iterable[str], most_bytes: int) -> int:
    total = 0
    for name in names:
        try:
            total += (folder / name).stat().st_size
        except OSError as error:
            raise unreadable(name, error) from None
        if total > most_bytes:
            raise InputError(
                f"{name[:80]!a}, with those before it, claims more than {most_bytes}"
                " bytes",
                hint="add one model at a time",
            )
    return total


def verify_room(folder: Path, wanted: int) -> None:
    """Check that a disk has room for so many bytes, and for what they become.

    Raises:
        UnavailableError: It has not, or does not do what it should.
    """
    # Twice: the copy, and what is re-written from it.
    with quarantine_disk():
        free = shutil.disk_usage(folder).free
    if free < 2 * wanted + _SPARE_BYTES:
        raise UnavailableError(
            f"quarantine has {free} bytes free, and this takes {2 * wanted}",
            hint=MORE_ROOM,
        )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _target(folder: Path, name: str, permitted: Iterable[Path]) -> Path:
    target = Path(os.path.realpath(folder / name))
    if not any(target.is_relative_to(place) for place in permitted):
        raise InputError(
            f"{name} is a link that leaves the folder",
            hint="replace it by the file it leads to",
        )
    return target


def _copy(
    name: str, target: Path, into: BinaryIO, progress: Callable[[int], None]
) -> tuple[int, str]:
    """Copy one file to the end of another; return its length and SHA-256."""
    digest = hashlib.sha256()
    with open_regular(target, name) as descriptor:
        before = os.fstat(descriptor)
        done = 0
        while done < before.st_size:
            piece = _read(name, descriptor, min(_PIECE_BYTES, before.st_size - done))
            if not piece:
                raise changed(name)
            digest.update(piece)
            write_all(into, piece)
            done += len(piece)
            progress(len(piece))
        after = os.fstat(descriptor)
    if _stamp(before) != _stamp(after):
        raise changed(name)
    return done, digest.hexdigest()


def _read(name: str, descriptor: int, length: int) -> bytes:
    try:
        return os.read(descriptor, length)
    except OSError as error:
        raise unreadable(name, error) from None


def _stamp(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns
