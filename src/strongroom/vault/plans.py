"""The default plan: segments by part, by place in the network, and by size.

Source: ``docs/reference/plans.md``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from strongroom.errors import InputError
from strongroom.vault.grouping import group_of
from strongroom.vault.segments import (
    ARCHITECTURE,
    Part,
    Piece,
    Plan,
    PlannedSegment,
    pieces_of,
)
from strongroom.vault.sources import SourceFile

DEFAULT_MOST_PERCENT = 10
CUT_BYTES = 64
"""Cuts lie on multiples of this: a cache line, and whole elements of any type."""

LARGE_FILE_BYTES = 2**20
"""A file above this that is not safetensors may hold weights."""

LARGE_BIAS_BYTES = 2**20
"""A one-dimensional tensor above this is a flattened matrix, as FSDP writes them.

The widest bias or norm in use is 0.5 MB (a vocabulary of 262,144 in bfloat16).
"""

MOST_PIECES = 50_000
"""Of one segment, so that its sealed index stays far below its cap of 64 MiB."""

_MOST_STACKS = 8
_SLUG = re.compile(r"[^a-z0-9]+")
_SLUG_LETTERS = 24

Blocks = dict[tuple[str, int], list[Piece]]


class _Groups(NamedTuple):
    """Pieces by group name; those of the blocks by stack and depth."""

    named: dict[str, list[Piece]]
    blocks: Blocks


def default_plan(
    files: Sequence[SourceFile], *, most_percent: int = DEFAULT_MOST_PERCENT
) -> Plan:
    """Return the plan that is used when no other is given.

    Args:
        files: The scanned files.
        most_percent: The largest share of all bytes in one segment, 1 to 100.

    Raises:
        InputError: ``most_percent`` is out of range.
    """
    pieces = pieces_of(files)
    limit = segment_limit(sum(piece.length for piece in pieces), most_percent)
    return Plan(segments=tuple(default_segments(pieces, files, limit)))


def segment_limit(total_bytes: int, most_percent: int) -> int:
    """Return the most bytes of one segment, at least one cut.

    Raises:
        InputError: ``most_percent`` is not 1 to 100.
    """
    if not 1 <= most_percent <= 100:  # noqa: PLR2004  a share of the whole
        raise InputError(f"most_percent is {most_percent}, not 1 to 100")
    return max(CUT_BYTES, total_bytes * most_percent // 100)


def default_segments(
    pieces: Iterable[Piece], files: Sequence[SourceFile], limit: int
) -> Iterator[PlannedSegment]:
    """Yield the segments of pieces, ``architecture`` first even if it is empty.

    Args:
        pieces: Uncut, in the order of bytes.
        files: What they are pieces of.
        limit: The most bytes of one segment.
    """
    groups = _grouped(pieces, files, limit)
    bins = pack(groups.named["architecture"], limit)
    yield _segment(ARCHITECTURE, "architecture", bins[0] if bins else [])
    for number, found in enumerate(bins[1:], start=1):
        yield _segment(f"{ARCHITECTURE}.{number}", "architecture", found)
    yield from cut_group("biases", "biases", groups.named["biases"], limit)
    yield from cut_group("embeddings", "weights", groups.named["embeddings"], limit)
    yield from _block_segments(groups.blocks, limit)
    for name in ("head", "other", "files"):
        yield from cut_group(name, "weights", groups.named[name], limit)


def cut_group(
    name: str, part: Part, pieces: Sequence[Piece], limit: int
) -> Iterator[PlannedSegment]:
    """Yield one segment ``name``, or ``name.0``, ``name.1`` and so on.

    Args:
        name: Of the group.
        part: Of every segment.
        pieces: Of the group; none give no segment.
        limit: The most bytes of one segment.
    """
    bins = pack(pieces, limit)
    for number, found in enumerate(bins):
        yield _segment(name if len(bins) == 1 else f"{name}.{number}", part, found)


def pack(pieces: Iterable[Piece], limit: int) -> list[list[Piece]]:
    """Return the pieces in order, in lists of at most ``limit`` bytes.

    A piece over the limit is cut in equal parts; others stay whole.  A list has
    at most ``MOST_PIECES``.

    Args:
        pieces: Uncut.
        limit: In bytes, at least ``CUT_BYTES``.
    """
    bins: list[list[Piece]] = []
    room = -1
    for piece in pieces:
        for part in _cut(piece, limit):
            if part.length > room or len(bins[-1]) == MOST_PIECES:
                bins.append([])
                room = limit
            bins[-1].append(part)
            room -= part.length
    return bins


def _cut(piece: Piece, limit: int) -> Iterator[Piece]:
    if piece.length <= limit:
        yield piece
        return
    count = -(-piece.length // (limit - limit % CUT_BYTES))
    step = -(-piece.length // count)
    step += -step % CUT_BYTES
    for start in range(0, piece.length, step):
        yield replace(
            piece,
            item_offset=piece.item_offset + start,
            file_offset=piece.file_offset + start,
            length=min(step, piece.length - start),
        )


def _grouped(
    pieces: Iterable[Piece], files: Sequence[SourceFile], limit: int
) -> _Groups:
    groups = _Groups(named=defaultdict(list), blocks=defaultdict(list))
    has_tensors = any(file.header is not None for file in files)
    large = LARGE_FILE_BYTES if has_tensors else min(LARGE_FILE_BYTES, limit)
    for piece in pieces:
        if piece.tensor is None:
            is_header = files[piece.file].header is not None
            small = is_header or piece.length <= large
            groups.named["architecture" if small else "files"].append(piece)
        elif len(piece.shape or ()) <= 1 and piece.length <= LARGE_BIAS_BYTES:
            groups.named["biases"].append(piece)
        else:
            kind, stack, depth = group_of(piece.tensor)
            if kind == "block":
                groups.blocks[stack, depth].append(piece)
            else:
                groups.named[kind].append(piece)
    return groups


def _block_segments(blocks: Blocks, limit: int) -> Iterator[PlannedSegment]:
    stacks = list(dict.fromkeys(stack for stack, _ in blocks))
    if len(stacks) > _MOST_STACKS:
        # Not stacks but numbered names; by depth alone they stay few segments.
        merged: Blocks = defaultdict(list)
        for (_, depth), pieces in blocks.items():
            merged["", depth].extend(pieces)
        blocks, stacks = merged, [""]
    names = _stack_names(stacks)
    for stack in stacks:
        depths = sorted(depth for other, depth in blocks if other == stack)
        found = [(depth, blocks[stack, depth]) for depth in depths]
        yield from _stack_segments(names[stack], found, limit)


def _stack_segments(
    name: str, blocks: Sequence[tuple[int, list[Piece]]], limit: int
) -> Iterator[PlannedSegment]:
    """Yield the segments of one stack: small blocks joined, large ones cut."""
    run: list[Piece] = []
    depths: list[int] = []
    room = limit
    for depth, pieces in blocks:
        length = sum(piece.length for piece in pieces)
        if length > limit or len(pieces) > MOST_PIECES:
            yield from _joined(name, run, depths)
            run, depths, room = [], [], limit
            yield from cut_group(f"{name}.{depth}", "weights", pieces, limit)
            continue
        if length > room or len(run) + len(pieces) > MOST_PIECES:
            yield from _joined(name, run, depths)
            run, depths, room = [], [], limit
        run.extend(pieces)
        depths.append(depth)
        room -= length
    yield from _joined(name, run, depths)


def _joined(
    name: str, pieces: Sequence[Piece], depths: Sequence[int]
) -> Iterator[PlannedSegment]:
    """Yield the segment of a run of blocks, or none for no blocks."""
    if len(depths) == 1:
        yield _segment(f"{name}.{depths[0]}", "weights", pieces)
    elif depths:
        yield _segment(f"{name}.{depths[0]}-{depths[-1]}", "weights", pieces)


def _stack_names(stacks: Sequence[str]) -> dict[str, str]:
    """Return ``blocks`` for a single stack, else one name for each."""
    if len(stacks) == 1:
        return {stacks[0]: "blocks"}
    names: dict[str, str] = {}
    for stack in stacks:
        slug = _SLUG.sub("-", stack.lower()).strip("-")[-_SLUG_LETTERS:].strip("-")
        name = wanted = f"blocks.{slug or 'main'}"
        number = 2
        while name in names.values():
            name, number = f"{wanted}-{number}", number + 1
        names[stack] = name
    return names


def _segment(name: str, part: Part, pieces: Sequence[Piece]) -> PlannedSegment:
    return PlannedSegment(name=name, part=part, pieces=tuple(pieces))
