"""What lies where in the decrypted stream of a segment, and its sealed index.

The stream is

    index length (u64 big-endian) | index | shared area | zeros up to a record
    | heads | zeros up to a Padmé length

A large extent, one record or longer, is cut in two: a *head* of whole records,
each of which decrypts straight into its final place, and a *tail*.  Tails and
small extents share records in the shared area, so that nothing is wasted.  The
index counts offsets from the start of each area, so it does not depend on its own
length.

Source: ``docs/specification/sealed-object.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.crypto.container import PLAIN_BYTES, padded
from strongroom.crypto.index import Area, Extent, IndexItem, SegmentIndex

INDEX_LENGTH_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """Where the areas lie in the stream, in bytes from its start.

    Attributes:
        shared_start: After the index.
        shared_end: After the last small extent; zeros follow.
        heads_start: On a record boundary.
        end: After the last extent; zeros follow.
        stream_bytes: Length of the whole stream, a Padmé length.
    """

    shared_start: int
    shared_end: int
    heads_start: int
    end: int
    stream_bytes: int

    @classmethod
    def of(cls, index: SegmentIndex, index_bytes: int) -> Positions:
        """Return the positions in a stream whose index has this length."""
        shared_start = INDEX_LENGTH_BYTES + index_bytes
        shared_end = shared_start + index.shared_bytes
        heads_start = -(-shared_end // PLAIN_BYTES) * PLAIN_BYTES
        heads_end = heads_start + index.head_records * PLAIN_BYTES
        end = heads_end if index.head_records else shared_end
        return cls(
            shared_start=shared_start,
            shared_end=shared_end,
            heads_start=heads_start,
            end=end,
            stream_bytes=padded(end),
        )

    def of_extent(self, extent: Extent) -> int:
        """Return where the extent begins in the stream."""
        start = self.shared_start if extent.area == "s" else self.heads_start
        return start + extent.area_offset


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRanges:
    """A tensor or file to lay out: which of its byte ranges this segment takes.

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


def lay_out(segment: str, items: Sequence[ItemRanges]) -> SegmentIndex:
    """Return the index of a segment with these items, in this order.

    Raises:
        InputError: Ranges overlap, are out of order or out of range, or an item
            comes twice.
    """
    shared = heads = 0
    placed = []
    for item in items:
        extents = []
        for offset, length in item.ranges:
            head = length // PLAIN_BYTES * PLAIN_BYTES
            tail = length - head
            if head:
                extents.append(_extent(offset, "h", heads, head))
                heads += head
            if tail:
                extents.append(_extent(offset + head, "s", shared, tail))
                shared += tail
        placed.append(
            IndexItem(
                name=item.name,
                file=item.file,
                dtype=item.dtype,
                shape=item.shape,
                extents=tuple(extents),
            )
        )
    return SegmentIndex(
        segment=segment,
        items=tuple(placed),
        shared_bytes=shared,
        head_records=heads // PLAIN_BYTES,
    )


def _extent(item_offset: int, area: Area, area_offset: int, length: int) -> Extent:
    return Extent(
        item_offset=item_offset, area=area, area_offset=area_offset, length=length
    )
