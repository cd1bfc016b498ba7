"""The map: where every byte of every file lies, sealed beside the headers.

It is the item ``map`` of the segment ``architecture``, canonical JSON::

    {"v":1,"files":[{"path":"model.safetensors","size":90868376,
     "pieces":[[0,11400,"architecture","model.safetensors",0],...]}]}

A piece is its offset in the file, its length, its segment, its item and its
offset in that item.  Source: ``docs/specification/plan.md``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from strongroom import canonical
from strongroom.errors import InputError, IntegrityError
from strongroom.intake.listing import MOST_FILES
from strongroom.intake.names import is_plain_name, verify_paths
from strongroom.vault.segments import Plan, verify_coverage, verify_segment_name
from strongroom.vault.sources import SourceFile

MOST_MAP_BYTES = 256 * 2**20
MOST_PIECES = 4_000_000

_VERSION = 1


class MapPiece(NamedTuple):
    """A run of bytes of a file; ``item`` is a tensor, or the path for the rest."""

    file_offset: int
    length: int
    segment: str
    item: str
    item_offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MapFile:
    """One file; its pieces cover it in order, without gap or overlap."""

    path: str
    size: int
    pieces: tuple[MapPiece, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeMap:
    """Every file of a version, in the order of the file ordinals."""

    files: tuple[MapFile, ...]


def map_document(plan: Plan, files: Sequence[SourceFile]) -> bytes:
    """Return the map of a plan, canonical JSON.

    Raises:
        InputError: The plan does not cover every byte once, or the map passes
            256 MiB.
    """
    verify_coverage(plan, files)
    found: list[list[MapPiece]] = [[] for _ in files]
    for segment in plan.segments:
        for piece in segment.pieces:
            found[piece.file].append(
                MapPiece(
                    piece.file_offset,
                    piece.length,
                    segment.name,
                    piece.item,
                    piece.item_offset,
                )
            )
    document = canonical.to_json(
        {
            "v": _VERSION,
            "files": [
                {"path": file.path, "size": file.size, "pieces": sorted(pieces)}
                for file, pieces in zip(files, found, strict=True)
            ],
        }
    )
    if len(document) > MOST_MAP_BYTES:
        raise InputError(f"the map of this model passes {MOST_MAP_BYTES} bytes")
    return document


def parse_map(data: bytes) -> WholeMap:
    """Return the map in ``data``.

    Every path can be written below one folder, and the pieces of every file cover
    it once.  Whoever sealed the model may be the attacker.

    Raises:
        IntegrityError: It is malformed, passes 256 MiB, has a path that leaves the
            folder or that names one place twice, or does not cover its files.
    """
    document = canonical.from_json(data, at_most_bytes=MOST_MAP_BYTES)
    match document:
        case {"v": int(version), "files": [*entries], **rest} if (
            not rest and type(version) is int and version == _VERSION
        ):
            pass
        case _:
            raise IntegrityError("map is malformed or of an unknown version")
    if len(entries) > MOST_FILES:
        raise IntegrityError(f"map has more than {MOST_FILES} files")
    left = MOST_PIECES
    files = []
    for entry in entries:
        file = _file(entry, left)
        left -= len(file.pieces)
        files.append(file)
    try:
        verify_paths(file.path for file in files)
    except InputError as error:
        raise IntegrityError(f"map: {error}") from None
    return WholeMap(files=tuple(files))


def _file(entry: object, at_most: int) -> MapFile:
    match entry:
        case {"path": str(path), "size": int(size), "pieces": [*pieces], **rest} if (
            not rest and type(size) is int and len(pieces) <= at_most
        ):
            pass
        case _:
            raise IntegrityError("map has a malformed file, or too many pieces")
    found = tuple(_piece(piece) for piece in pieces)
    _verify_pieces(path, size, found)
    return MapFile(path=path, size=size, pieces=found)


def _piece(value: object) -> MapPiece:
    match value:
        case [int(offset), int(length), str(segment), str(item), int(item_offset)] if (
            all(type(number) is int for number in (offset, length, item_offset))
            and offset >= 0
            and length > 0
            and item_offset >= 0
            and is_plain_name(item)
        ):
            pass
        case _:
            raise IntegrityError("map has a malformed piece")
    try:
        verify_segment_name(segment)
    except InputError as error:
        raise IntegrityError(f"map: {error}") from None
    return MapPiece(offset, length, segment, item, item_offset)


def _verify_pieces(path: str, size: int, pieces: Sequence[MapPiece]) -> None:
    """Check that pieces cover a file in order and each item lies in one run."""
    end = 0
    starts: dict[str, int] = {path: 0}
    for piece in pieces:
        if piece.file_offset != end:
            raise IntegrityError(f"map leaves out or doubles bytes of {path[:80]!a}")
        # An item not seen yet starts here; other pieces of it must agree.
        start = starts.setdefault(piece.item, piece.file_offset)
        if piece.file_offset - piece.item_offset != start:
            raise IntegrityError(f"map bends an item of {path[:80]!a}")
        end += piece.length
    if end != size:
        raise IntegrityError(f"map covers {end} of {size} bytes of {path[:80]!a}")


def segments_of(document: WholeMap) -> Mapping[str, int]:
    """Return how many bytes of the files each segment of a map holds."""
    found: dict[str, int] = {}
    for file in document.files:
        for piece in file.pieces:
            found[piece.segment] = found.get(piece.segment, 0) + piece.length
    return found
