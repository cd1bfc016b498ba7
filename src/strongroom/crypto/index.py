"""The sealed index of a segment: what lies in it, and where.

Extents cover both areas of the stream exactly, without overlap or gap, so an
index has one reading and its lengths can be checked before anything is allocated.

Source: ``docs/specification/sealed-object.md``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from strongroom import canonical
from strongroom.crypto.container import PLAIN_BYTES
from strongroom.errors import InputError, IntegrityError

MAX_INDEX_BYTES = 64 * 1024 * 1024

_VERSION = 1
_MAX_NAME = 4096
_MAX_DTYPE = 32
_MAX_RANK = 64
_MAX_OFFSET = 2**53 - 1  # exact in every JSON reader

_INDEX_FIELDS = frozenset(
    ("head_records", "items", "plain_bytes", "segment", "shared_bytes", "v")
)
_ITEM_FIELDS = frozenset(("dtype", "extents", "file", "name", "shape"))

Area: TypeAlias = Literal["s", "h"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """A run of bytes of one item, and where it lies.

    Attributes:
        item_offset: Where it begins in its tensor or file.
        area: ``s`` for the shared area, ``h`` for the heads.
        area_offset: Where it begins in that area.
        length: In bytes, at least 1; whole records in the heads.
    """

    item_offset: int
    area: Area
    area_offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexItem:
    """A tensor or a file, as far as it lies in this segment.

    Attributes:
        name: Of the tensor, or of the file.
        file: Number of the file in the architecture segment's list.
        dtype: As safetensors writes it; none for bytes of a file.
        shape: Of the whole tensor; none for bytes of a file.
        extents: Sorted by ``item_offset``, without overlaps.
    """

    name: str
    file: int
    dtype: str | None
    shape: tuple[int, ...] | None
    extents: tuple[Extent, ...]

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= _MAX_NAME:
            raise InputError(f"a name in an index has 1 to {_MAX_NAME} characters")
        if (self.dtype is None) != (self.shape is None):
            raise InputError("a tensor has a dtype and a shape, a file has neither")
        if self.dtype is not None and not 0 < len(self.dtype) <= _MAX_DTYPE:
            raise InputError(f"a dtype has 1 to {_MAX_DTYPE} characters")
        if self.shape is not None and len(self.shape) > _MAX_RANK:
            raise InputError(f"a tensor has at most {_MAX_RANK} dimensions")
        numbers = (self.file, *(self.shape or ()))
        if any(not 0 <= number <= _MAX_OFFSET for number in numbers):
            raise InputError(f"{self.name[:80]!r} has a number out of range")
        _check_runs(self.extents, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentIndex:
    """What a segment holds.

    Attributes:
        segment: Its name, such as ``blocks.0-3``.
        items: Tensors and files; no two with one name in one file.
        shared_bytes: Length of the shared area.
        head_records: Length of the heads, in records.
    """

    segment: str
    items: tuple[IndexItem, ...]
    shared_bytes: int
    head_records: int

    def __post_init__(self) -> None:
        if len({(item.file, item.name) for item in self.items}) != len(self.items):
            raise InputError(f"segment {self.segment!r} has an item twice")
        extents = [extent for item in self.items for extent in item.extents]
        _check_tiling(extents, "s", self.shared_bytes)
        _check_tiling(extents, "h", self.head_records * PLAIN_BYTES)

    @property
    def plain_bytes(self) -> int:
        """True length of all extents: the areas have no gaps."""
        return self.shared_bytes + self.head_records * PLAIN_BYTES

    def to_bytes(self) -> bytes:
        """Return the index as canonical JSON.

        Raises:
            InputError: It is longer than ``MAX_INDEX_BYTES``.
        """
        data = canonical.to_json(
            {
                "head_records": self.head_records,
                "items": [_item_json(item) for item in self.items],
                "plain_bytes": self.plain_bytes,
                "segment": self.segment,
                "shared_bytes": self.shared_bytes,
                "v": _VERSION,
            }
        )
        if len(data) > MAX_INDEX_BYTES:
            raise InputError(f"segment {self.segment!r} has too many items")
        return data

    @classmethod
    def parse(cls, data: bytes) -> SegmentIndex:
        """Return the index.

        Raises:
            IntegrityError: It is not what ``to_bytes`` writes: extents overlap,
                leave a gap, or lie outside their area; a length is wrong.
        """
        document = canonical.from_json(data, at_most_bytes=MAX_INDEX_BYTES)
        try:
            return _parsed(document)
        except (KeyError, TypeError, ValueError):
            raise IntegrityError("the index is malformed") from None
        except InputError as error:
            raise IntegrityError(f"the index is wrong: {error}") from None


def _check_runs(extents: Sequence[Extent], name: str) -> None:
    """Refuse extents of one item that overlap, are unsorted or out of range."""
    end = 0
    for extent in extents:
        if extent.length < 1 or extent.item_offset < end:
            raise InputError(f"extents of {name[:80]!r} overlap or are out of order")
        end = extent.item_offset + extent.length
        if end > _MAX_OFFSET:
            raise InputError(f"{name[:80]!r} is too long")


def _check_tiling(extents: Sequence[Extent], area: Area, length: int) -> None:
    """Refuse an area that its extents do not cover exactly once."""
    unit = PLAIN_BYTES if area == "h" else 1
    end = 0
    runs = sorted((e.area_offset, e.length) for e in extents if e.area == area)
    for offset, size in runs:
        if offset != end or size % unit:
            raise InputError(f"extents overlap or leave a gap at {end} of area {area}")
        end += size
    if end != length:
        raise InputError(f"area {area} has {end} bytes and states {length}")


def _item_json(item: IndexItem) -> canonical.Json:
    return {
        "dtype": item.dtype,
        "extents": [
            [e.item_offset, e.area, e.area_offset, e.length] for e in item.extents
        ],
        "file": item.file,
        "name": item.name,
        "shape": None if item.shape is None else list(item.shape),
    }


def _parsed(document: canonical.Json) -> SegmentIndex:
    fields = _fields(document, _INDEX_FIELDS)
    index = SegmentIndex(
        segment=_text(fields["segment"]),
        items=tuple(_parsed_item(item) for item in _list(fields["items"])),
        shared_bytes=_whole(fields["shared_bytes"]),
        head_records=_whole(fields["head_records"]),
    )
    if _whole(fields["v"]) != _VERSION:
        raise InputError("it is of another version")
    if _whole(fields["plain_bytes"]) != index.plain_bytes:
        raise InputError(f"its extents have {index.plain_bytes} bytes")
    return index


def _parsed_item(value: canonical.Json) -> IndexItem:
    fields = _fields(value, _ITEM_FIELDS)
    dtype, shape = fields["dtype"], fields["shape"]
    return IndexItem(
        name=_text(fields["name"]),
        file=_whole(fields["file"]),
        dtype=None if dtype is None else _text(dtype),
        shape=None if shape is None else tuple(_whole(n) for n in _list(shape)),
        extents=tuple(_parsed_extent(e) for e in _list(fields["extents"])),
    )


def _parsed_extent(value: canonical.Json) -> Extent:
    item_offset, area, area_offset, length = _list(value)
    if area not in ("s", "h"):
        raise ValueError
    return Extent(
        item_offset=_whole(item_offset),
        area="s" if area == "s" else "h",
        area_offset=_whole(area_offset),
        length=_whole(length),
    )


def _fields(
    value: canonical.Json, names: frozenset[str]
) -> Mapping[str, canonical.Json]:
    if not isinstance(value, dict) or value.keys() != names:
        raise TypeError
    return value


def _list(value: canonical.Json) -> list[canonical.Json]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _text(value: canonical.Json) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _whole(value: canonical.Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    return value
