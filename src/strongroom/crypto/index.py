"""The sealed index of a segment: what lies in it, and where.

It names ranges of tensors and files in order; where their bytes lie follows from
that order alone.  So nothing can overlap or leave a gap, an index has one reading,
and its lengths are checked before anything is allocated.

Source: ``docs/specification/sealed-object.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from strongroom import canonical
from strongroom.crypto.arena import ALIGNMENT_BYTES
from strongroom.errors import InputError, IntegrityError

MAX_INDEX_BYTES = 64 * 1024 * 1024

_VERSION = 1
_MAX_NAME = 4096
_MAX_DTYPE = 32
_MAX_RANK = 64
_MAX_OFFSET = 2**53 - 1  # exact in every JSON reader

_INDEX_FIELDS = frozenset(("items", "segment", "v"))
_ITEM_FIELDS = frozenset(("dtype", "file", "name", "ranges", "shape"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRanges:
    """A tensor or a file, as far as a segment takes it; not checked yet.

    Attributes:
        name: Of the tensor, or of the file.
        file: Number of the file in the architecture segment's list.
        dtype: As safetensors writes it; none for bytes of a file.
        shape: Of the whole tensor; none for bytes of a file.
        ranges: Pairs of offset and length in bytes, sorted, not overlapping.
    """

    name: str
    file: int
    dtype: str | None
    shape: tuple[int, ...] | None
    ranges: tuple[tuple[int, int], ...]


class Extent(NamedTuple):
    """A run of bytes of one item, and where it lies.

    Attributes:
        item_offset: Where it begins in its tensor or file.
        data_offset: Where it begins in the data of the segment.
        length: In bytes, at least 1.
    """

    item_offset: int
    data_offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexItem(ItemRanges):
    """A tensor or a file in a segment, and where its bytes begin.

    Attributes:
        data_offset: Where its first range begins in the data of the segment, a
            multiple of 64.
    """

    data_offset: int

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= _MAX_NAME:
            raise InputError(f"a name in an index has 1 to {_MAX_NAME} characters")
        if (self.dtype is None) != (self.shape is None):
            raise InputError("a tensor has a dtype and a shape, a file has neither")
        if self.dtype is not None and not 0 < len(self.dtype) <= _MAX_DTYPE:
            raise InputError(f"a dtype has 1 to {_MAX_DTYPE} characters")
        if self.shape is not None and len(self.shape) > _MAX_RANK:
            raise InputError(f"a tensor has at most {_MAX_RANK} dimensions")
        for number in (self.file, *(self.shape or ())):
            if not 0 <= number <= _MAX_OFFSET:
                raise InputError(f"{self.name[:80]!r} has a number out of range")
        end = 0
        for offset, length in self.ranges:
            if length < 1 or offset < end:
                raise InputError(
                    f"ranges of {self.name[:80]!r} overlap or are unsorted"
                )
            end = offset + length
        if end > _MAX_OFFSET:
            raise InputError(f"{self.name[:80]!r} is too long")

    def extents(self) -> Iterator[Extent]:
        """Yield every range and where it lies, sorted by offset in the item."""
        start = self.data_offset
        for offset, length in self.ranges:
            yield Extent(offset, start, length)
            start = aligned(start + length)


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentIndex:
    """What a segment holds; made by ``lay_out``.

    Attributes:
        segment: Its name, such as ``blocks.0-3``.
        items: Tensors and files; no two with one name in one file.
        plain_bytes: Length of all ranges.
        data_bytes: The same with the zeros that align them, 0 to 63 each.
    """

    segment: str
    items: tuple[IndexItem, ...]
    plain_bytes: int
    data_bytes: int

    def __post_init__(self) -> None:
        if len({(item.file, item.name) for item in self.items}) != len(self.items):
            raise InputError(f"segment {self.segment!r} has an item twice")

    def to_bytes(self) -> bytes:
        """Return the index as canonical JSON.

        Raises:
            InputError: It is longer than ``MAX_INDEX_BYTES``.
        """
        data = canonical.to_json(
            {
                "items": [_item_json(item) for item in self.items],
                "segment": self.segment,
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
            IntegrityError: It is not what ``to_bytes`` writes: ranges overlap, a
                number is out of range, a type is wrong.
        """
        document = canonical.from_json(data, at_most_bytes=MAX_INDEX_BYTES)
        try:
            return _parsed(document)
        except (KeyError, TypeError, ValueError):
            raise IntegrityError("the index is malformed") from None
        except InputError as error:
            raise IntegrityError(f"the index is wrong: {error}") from None


def lay_out(segment: str, items: Iterable[ItemRanges]) -> SegmentIndex:
    """Return the index of a segment with these items, in this order.

    Raises:
        InputError: Ranges overlap, are out of order or out of range, or an item
            comes twice.
    """
    plain = data = 0
    placed = []
    for item in items:
        placed.append(
            IndexItem(
                name=item.name,
                file=item.file,
                dtype=item.dtype,
                shape=item.shape,
                ranges=item.ranges,
                data_offset=aligned(data),
            )
        )
        for _, length in item.ranges:
            data = aligned(data) + length
            plain += length
    return SegmentIndex(
        segment=segment, items=tuple(placed), plain_bytes=plain, data_bytes=data
    )


def aligned(offset: int) -> int:
    """Return the next multiple of 64, where a range may begin."""
    return offset + -offset % ALIGNMENT_BYTES


def _item_json(item: IndexItem) -> canonical.Json:
    return {
        "dtype": item.dtype,
        "file": item.file,
        "name": item.name,
        "ranges": item.ranges,
        "shape": item.shape,
    }


def _parsed(document: canonical.Json) -> SegmentIndex:
    fields = _fields(document, _INDEX_FIELDS)
    if _whole(fields["v"]) != _VERSION:
        raise InputError("it is of another version")
    return lay_out(_text(fields["segment"]), map(_parsed_item, _list(fields["items"])))


def _parsed_item(value: canonical.Json) -> ItemRanges:
    fields = _fields(value, _ITEM_FIELDS)
    dtype, shape = fields["dtype"], fields["shape"]
    return ItemRanges(
        name=_text(fields["name"]),
        file=_whole(fields["file"]),
        dtype=None if dtype is None else _text(dtype),
        shape=None if shape is None else tuple(map(_whole, _list(shape))),
        ranges=tuple(map(_parsed_range, _list(fields["ranges"]))),
    )


def _parsed_range(value: canonical.Json) -> tuple[int, int]:
    offset, length = _list(value)
    return _whole(offset), _whole(length)


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
    if type(value) is not int:  # a bool is an int as well
        raise TypeError
    return value
