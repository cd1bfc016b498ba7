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
import tempfile
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TypeAlias

from strongroom.canonical import Json
from strongroom.errors import InputError
from strongroom.intake.findings import Finding, RefusedError
from strongroom.intake.names import verify_path
from strongroom.intake.sources import Source

MOST_OUTPUTS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the person who adds a model chose.

    Attributes:
        salvage: Unknown objects become inert stubs instead of a refusal; whoever
            accepts the result then needs a second person.
    """

    salvage: bool = False


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


class Workplace:
    """The one folder a reader writes to, and room for what it needs in between."""

    def __init__(self, folder: Path, scratch: Path) -> None:
        """Bind it to two folders that exist.

        Args:
            folder: Where the re-written files go.
            scratch: For files without a name; in the sandbox a memory file system.
        """
        self._folder = folder
        self._scratch = scratch
        self._names: list[str] = []
        self._scratches: list[BinaryIO] = []
        weakref.finalize(self, _close, self._scratches)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the files created so far."""
        return tuple(self._names)

    def create(self, name: str) -> BinaryIO:
        """Return a new, empty, unbuffered file that can also be read.

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
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = path.open("x+b", buffering=0)
        except FileExistsError:
            raise RefusedError(
                "file/twice", f"two files would both be written as {name!a}"
            ) from None
        self._names.append(name)
        return file

    def scratch(self) -> BinaryIO:
        """Return a new file without a name, which ends with this workplace."""
        file = tempfile.TemporaryFile(dir=self._scratch, buffering=0)  # noqa: SIM115
        self._scratches.append(file)
        return file


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
