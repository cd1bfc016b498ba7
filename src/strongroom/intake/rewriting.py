"""What every reader takes and gives: a window in, files of ours and a report out.

    Source ──▶ rewrite(source, workplace, options) ──▶ Rewritten
                            │
                            └──▶ files that we serialised ourselves

A reader never imports the library whose files it reads, never resolves a name it
reads, and raises ``RefusedError`` with the exact reason.  It runs in a sandbox, but is
written as if there were none.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO, Protocol, TypeAlias

from strongroom.canonical import Json
from strongroom.errors import InputError
from strongroom.intake.findings import Finding, RefusedError
from strongroom.intake.listed_types import verify_types
from strongroom.intake.names import verify_path
from strongroom.intake.sources import Source

if TYPE_CHECKING:  # pathlib and tempfile cost a fresh worker 15 ms
    from pathlib import Path

MOST_OUTPUTS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the person who adds a model chose.

    Attributes:
        salvage: Unknown objects become inert stubs instead of a refusal; whoever
            accepts the result then needs a second person.
        types: Whole names of types that the house lets in with models of skops,
            beyond those that skops trusts.
        left_out: Patterns of files that no reader is given, see ``leaving_out``; no
            worker is told of them.
    """

    salvage: bool = False
    types: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the names.

        Raises:
            InputError: One is no whole name, or of a type that nobody can let in.
        """
        verify_types(self.types)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """What became of one file.

    Attributes:
        kind: What the file truly is, such as ``torch-zip``.
        outputs: Names of the files written, in order; none if it was dropped.
        facts: What it holds, for later audits: globals named, operator domains,
            digests of tensors and templates, counts.  Canonical JSON.
        changes: Sentences on what was changed or lost.
        findings: What somebody should know; an ``error`` is never here.
    """

    kind: str
    outputs: tuple[str, ...] = ()
    facts: Mapping[str, Json] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


class Draft(Protocol):
    """A file that a reader writes: piece after piece, or by places within a length.

    Closed at the latest by its ``with`` block.
    """

    def append(self, data: bytes | memoryview) -> None:
        """Write every byte behind what was appended before.

        Raises:
            OSError: The disk does not take it.
        """

    def reserve(self, length: int) -> None:
        """Give the file its whole length, all of it zero that is not written yet.

        Raises:
            OSError: The disk does not take it.
        """

    def put(self, position: int, data: bytes | memoryview) -> None:
        """Write every byte at a place; threads may do so at once.

        Raises:
            OSError: The disk does not take it.
        """

    def close(self) -> None:
        """Finish it."""

    def __enter__(self) -> Draft:
        """Return itself."""

    def __exit__(self, *_: object) -> None:
        """Close it."""


class FileDraft:
    """A draft that is a new file."""

    def __init__(self, file: BinaryIO) -> None:
        """Take over an open, empty, unbuffered file."""
        self._file = file

    def append(self, data: bytes | memoryview) -> None:
        """Write at the end."""
        write_all(self._file, data)

    def reserve(self, length: int) -> None:
        """Give it its length."""
        os.truncate(self._file.fileno(), length)

    def put(self, position: int, data: bytes | memoryview) -> None:
        """Write at a place."""
        write_at(self._file.fileno(), data, position)

    def close(self) -> None:
        """Close it."""
        self._file.close()

    def __enter__(self) -> Draft:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Workplace:
    """The one folder a reader writes to, and room for what it needs in between."""

    def __init__(self, folder: Path | str, scratch: Path | str) -> None:
        """Bind it to two folders that exist.

        Args:
            folder: Where the re-written files go.
            scratch: For a file without a name.
        """
        self._folder = folder
        self._scratch = scratch
        self._names: list[str] = []
        self._scratches: list[BinaryIO] = []
        self._reserved = 0
        self._lock = threading.Lock()
        weakref.finalize(self, _close, self._scratches)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the files created so far."""
        return tuple(self._names)

    def create(self, name: str) -> Draft:
        """Return a new, empty file to be written.

        Args:
            name: Relative, parts separated by ``/``; its folders are made.

        Raises:
            RefusedError: The name leads away, exists already, or there are too many.
        """
        try:
            verify_path(name)
        except InputError as error:
            raise RefusedError("file/name", str(error), hint=error.hint) from None
        if len(self._names) == MOST_OUTPUTS:
            raise RefusedError("file/count", f"more than {MOST_OUTPUTS} files come out")
        path = os.path.join(self._folder, name)
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            file = open(path, "x+b", buffering=0)  # noqa: SIM115  # for the caller
        except (FileExistsError, NotADirectoryError):
            raise RefusedError(
                "file/twice", f"two files would both be written as {name!a}"
            ) from None
        self._names.append(name)
        return FileDraft(file)

    def take_back(self, kept: int) -> None:
        """Remove the files created since there were ``kept`` of them.

        Raises:
            OSError: One cannot be removed.
        """
        for name in self._names[kept:]:
            os.unlink(os.path.join(self._folder, name))
        del self._names[kept:]

    def room(self, length: int, *, path: str) -> Source:
        """Return a window to be filled with ``fill``, which ends with ``tidy``.

        All rooms lie in one file without a name: a sandbox allows few open files, and
        a checkpoint may need thousands of rooms.  Threads may ask at once.

        Args:
            length: Bytes; the caller has bounded them.  Nothing is written yet.
            path: What messages call it.
        """
        with self._lock:
            if not self._scratches:
                import tempfile  # noqa: PLC0415  # as above

                file = tempfile.TemporaryFile(dir=self._scratch, buffering=0)  # noqa: SIM115  # closed with this workplace
                self._scratches.append(file)
            start, self._reserved = self._reserved, self._reserved + length
        descriptor = self._scratches[0].fileno()
        return Source(descriptor=descriptor, start=start, length=length, path=path)

    def tidy(self) -> None:
        """End all files without a name: what they were made for is written."""
        with self._lock:
            _close(self._scratches)
            self._scratches.clear()
            self._reserved = 0


Rewrite: TypeAlias = Callable[[Source, Workplace, Options], Rewritten]
"""What each module of ``formats`` offers for each kind of file it reads."""


def _close(files: Iterable[BinaryIO]) -> None:
    for file in files:
        file.close()


def write_all(file: BinaryIO, data: bytes | memoryview) -> None:
    """Write every byte at the file's position; an unbuffered write may be short."""
    left = memoryview(data)
    while left:
        left = left[os.write(file.fileno(), left) :]


def write_at(descriptor: int, data: bytes | memoryview, position: int) -> None:
    """Write every byte at a position; threads may share the descriptor."""
    left = memoryview(data)
    while left:
        written = os.pwrite(descriptor, left, position)
        position, left = position + written, left[written:]


def fill(room: Source, offset: int, data: bytes | memoryview) -> None:
    """Write every byte at an offset of a room of a workplace.

    Raises:
        RefusedError: The room ends before.
    """
    if not 0 <= offset <= room.length - len(data):
        raise RefusedError("file/bounds", f"{len(data)} bytes at {offset} do not fit")
    write_at(room.descriptor, data, room.start + offset)
