"""What a plan is made of, and the rules it must meet before anything is sealed.

A *piece* is a run of bytes of one file that goes to one segment.  It belongs to
an *item*: a tensor, or the bytes of a file that are no tensor.  An item that is
cut has pieces in several segments.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from strongroom.errors import InputError, SetupError
from strongroom.vault.sources import SourceFile

Part: TypeAlias = Literal["architecture", "biases", "weights"]

ARCHITECTURE = "architecture"
"""The segment that holds file headers and, as the item ``MAP_ITEM``, the map."""

MAP_ITEM = "map"
"""Its file ordinal is the number of files, so that no file's item is meant."""

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A run of bytes of one item.

    Attributes:
        file: Position of the file among the scanned files.
        path: Its path.
        tensor: Name of the tensor, or None for other bytes of the file.
        dtype: Type of the tensor, None for other bytes.
        shape: Of the whole tensor, None for other bytes.
        item_offset: First byte, counted from the start of the tensor, or of the
            file for other bytes.
        length: Bytes, at least 1.
        file_offset: First byte, counted from the start of the file.
    """

    file: int
    path: str
    tensor: str | None
    dtype: str | None
    shape: tuple[int, ...] | None
    item_offset: int
    length: int
    file_offset: int

    @property
    def item(self) -> str:
        """Name of the item: the tensor, or the path."""
        return self.path if self.tensor is None else self.tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSegment:
    """One segment before it is sealed; only ``architecture`` may have no pieces."""

    name: str
    part: Part
    pieces: tuple[Piece, ...]

    def __post_init__(self) -> None:
        """Refuse a bad name.

        Raises:
            InputError: The name has other characters than a segment may have.
        """
        verify_segment_name(self.name)

    @property
    def length(self) -> int:
        """Bytes of the files that lie in it."""
        return sum(piece.length for piece in self.pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which bytes go to which segment; the first one is ``architecture``."""

    segments: tuple[PlannedSegment, ...]

    def __post_init__(self) -> None:
        """Refuse two segments of one name.

        Raises:
            InputError: A name stands twice, or ``architecture`` is not first.
        """
        names = [segment.name for segment in self.segments]
        if names[:1] != [ARCHITECTURE]:
            raise InputError(f"the first segment of a plan is {ARCHITECTURE!r}")
        for before, name in zip(sorted(names), sorted(names)[1:], strict=False):
            if name == before:
                raise InputError(
                    f"the plan makes segment {name!r} twice", hint="rename yours"
                )

    @property
    def length(self) -> int:
        """Bytes of all files."""
        return sum(segment.length for segment in self.segments)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedItem:
    """All pieces of one item that lie in one segment.

    Attributes:
        name: Of the tensor, or the path of the file.
        file: Position of the file among the scanned files.
        dtype: Type of the tensor, None for other bytes.
        shape: Of the whole tensor, None for other bytes.
        ranges: Offset in the item and length of each run, in order.
        file_start: Where the item starts in its file, in bytes.
    """

    name: str
    file: int
    dtype: str | None
    shape: tuple[int, ...] | None
    ranges: tuple[tuple[int, int], ...]
    file_start: int


def items_of(segment: PlannedSegment) -> tuple[PlannedItem, ...]:
    """Return the items of a segment in the order of the files."""
    found: dict[tuple[int, str], list[Piece]] = {}
    for piece in segment.pieces:
        found.setdefault((piece.file, piece.item), []).append(piece)
    items = []
    for (file, name), pieces in sorted(found.items(), key=lambda pair: _place(pair[1])):
        first = pieces[0]
        items.append(
            PlannedItem(
                name=name,
                file=file,
                dtype=first.dtype,
                shape=first.shape,
                ranges=tuple(sorted((p.item_offset, p.length) for p in pieces)),
                file_start=first.file_offset - first.item_offset,
            )
        )
    return tuple(items)


def pieces_of(files: Sequence[SourceFile]) -> tuple[Piece, ...]:
    """Return one piece per header, tensor and other file, in the order of bytes.

    What has no bytes, an empty file or a tensor with a 0 in its shape, has no
    piece: the header or the map says all there is about it.

    Raises:
        InputError: A tensor has the path of its own file as name.
    """
    pieces = []
    for index, file in enumerate(files):
        header = file.header
        start = file.size if header is None else len(header.raw)
        if start:
            pieces.append(
                Piece(
                    file=index,
                    path=file.path,
                    tensor=None,
                    dtype=None,
                    shape=None,
                    item_offset=0,
                    length=start,
                    file_offset=0,
                )
            )
        for tensor in () if header is None else header.tensors:
            if tensor.name == file.path:
                raise InputError(f"{file.path} holds a tensor of its own name")
            if tensor.end > tensor.begin:
                pieces.append(
                    Piece(
                        file=index,
                        path=file.path,
                        tensor=tensor.name,
                        dtype=tensor.dtype,
                        shape=tensor.shape,
                        item_offset=0,
                        length=tensor.end - tensor.begin,
                        file_offset=start + tensor.begin,
                    )
                )
    return tuple(pieces)


def verify_segment_name(name: str) -> None:
    """Check that a name can be a segment's.

    Raises:
        InputError: It is not ``[a-z0-9][a-z0-9.-]{0,62}``.
    """
    if _NAME.fullmatch(name) is None:
        raise InputError(
            f"segment name {name[:80]!a} is not 1 to 63 of a-z, 0-9, '.' and '-', "
            "beginning with a letter or a digit"
        )


def verify_coverage(plan: Plan, files: Sequence[SourceFile]) -> None:
    """Check that every byte of every file lies in exactly one piece.

    Raises:
        InputError: A byte lies in none or in two, or a piece in no file.
    """
    ends = [0] * len(files)
    for piece in sorted(
        (piece for segment in plan.segments for piece in segment.pieces),
        key=lambda piece: (piece.file, piece.file_offset),
    ):
        if not 0 <= piece.file < len(files) or piece.length < 1:
            raise InputError("the plan has a piece of no file or of no bytes")
        if piece.file_offset != ends[piece.file]:
            raise InputError(
                f"the plan leaves out or doubles bytes of {piece.path} at "
                f"{min(piece.file_offset, ends[piece.file])}"
            )
        ends[piece.file] += piece.length
    for end, file in zip(ends, files, strict=True):
        if end != file.size:
            raise InputError(f"the plan covers {end} of {file.size} of {file.path}")


def verify_plan(
    plan: Plan, *, total_bytes: int, person_cap_percent: int, pair_cap_percent: int
) -> None:
    """Check a plan against the caps of the class it is sealed as.

    Args:
        plan: The plan.
        total_bytes: Bytes of the model, what percentages are taken of.
        person_cap_percent: The most that one person may ever hold.
        pair_cap_percent: The most that any two may hold together.

    Raises:
        SetupError: The caps contradict each other.
        InputError: A segment is more than half of what a person may hold, so two
            of them would use up the cap.
    """
    if pair_cap_percent >= 100:  # noqa: PLR2004  two people would hold everything
        raise SetupError(f"a pair cap of {pair_cap_percent} % protects nothing")
    if not 0 < person_cap_percent <= pair_cap_percent:
        raise SetupError(
            f"a person cap of {person_cap_percent} % does not fit a pair cap of "
            f"{pair_cap_percent} %"
        )
    for segment in plan.segments:
        if segment.length * 200 > person_cap_percent * total_bytes:
            share = segment.length * 100 / total_bytes
            raise InputError(
                f"segment {segment.name!r} holds {share:.1f} % of the model, over half "
                f"of the {person_cap_percent} % that a person may hold",
                hint=f"plan with most_percent = {max(1, person_cap_percent // 2)}",
            )


def _place(pieces: Sequence[Piece]) -> tuple[int, int]:
    return pieces[0].file, pieces[0].file_offset
