"""What the host tells the worker, and how: which files, and where each lies.

The host writes it and the worker reads it, so it is trusted; it is strict all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from strongroom.canonical import from_json, to_json
from strongroom.errors import InputError
from strongroom.intake.rewriting import Options

MOST_FILES = 10_000
MOST_BYTES = 64 << 20
"""Of the document: 10,000 paths of 4 KiB."""

_VERSION = 1


class Stretch(Protocol):
    """One file as it lies in the private copy."""

    @property
    def path(self) -> str:
        """What the supplier calls it."""

    @property
    def offset(self) -> int:
        """First byte in the copy."""

    @property
    def length(self) -> int:
        """Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A file to read; see ``Stretch``."""

    path: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingJob:
    """What to read in one go.

    Attributes:
        files: In the order in which they are answered.
        options: What the person who adds them chose.
    """

    files: tuple[Item, ...]
    options: Options

    @classmethod
    def of(cls, files: Sequence[Stretch], options: Options) -> ReadingJob:
        """Return the job to read these files.

        Raises:
            InputError: There are too many.
        """
        if len(files) > MOST_FILES:
            raise InputError(f"{len(files)} files are more than {MOST_FILES}")
        items = (Item(path=f.path, offset=f.offset, length=f.length) for f in files)
        return cls(files=tuple(items), options=options)

    def to_bytes(self) -> bytes:
        """Return it as canonical JSON."""
        return to_json({
            "v": _VERSION,
            "files": [[f.path, f.offset, f.length] for f in self.files],
            "salvage": self.options.salvage,
            "types": list(self.options.types),
        })  # fmt: skip

    @classmethod
    def from_bytes(cls, data: bytes) -> ReadingJob:
        """Return the job that a document describes.

        Raises:
            IntegrityError: It is no canonical JSON.
            InputError: It is something else.
        """
        match from_json(data, at_most_bytes=MOST_BYTES):
            case {
                "v": 1,
                "files": [*files],
                "salvage": bool(salvage),
                "types": [*types],
                **rest,
            } if not rest and all(isinstance(name, str) for name in types):
                return cls(
                    files=tuple(_item(file) for file in files),
                    options=Options(salvage=salvage, types=tuple(map(str, types))),
                )
        raise InputError("this is no job for a reader")


def _item(file: object) -> Item:
    match file:
        case [str(path), int(offset), int(length)] if offset >= 0 and length >= 0:
            return Item(path=path, offset=offset, length=length)
    raise InputError("a job names a file wrongly")
