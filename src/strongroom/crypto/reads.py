"""Which records to decrypt for what is wanted, and where their bytes go.

What follows one another both in the stream and in memory is decrypted in one go;
of other records the wanted parts are copied.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

from strongroom.crypto.container import PLAIN_BYTES, record_at, record_start
from strongroom.crypto.index import IndexItem
from strongroom.crypto.layout import DATA_START
from strongroom.crypto.segment import Scratch, SealedSegment
from strongroom.errors import InputError, MissingError


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """Bytes of one item that are wanted.

    Attributes:
        segment: Where they lie.
        item: One of the items of ``segment.index()``.
        item_offset: First byte of the tensor or file that is wanted.
        destination: Writable and contiguous.  Requests that follow one another in
            a segment and in the same memory are decrypted there in one go.
        start: Where in ``destination`` the bytes go.
        length: How many are wanted; as many as there is room for unless given.
    """

    segment: SealedSegment
    item: IndexItem
    item_offset: int
    destination: memoryview
    start: int = 0
    length: int | None = None

    def __post_init__(self) -> None:
        if self.destination.readonly or not self.destination.c_contiguous:
            raise InputError("a destination is writable and contiguous")
        if self.start < 0 or (self.length is not None and self.length < 0):
            raise InputError("a place in memory does not begin before it")
        if self.end > self.destination.nbytes:
            raise InputError(f"{self.end} bytes do not fit the destination")

    @property
    def end(self) -> int:
        """Where in ``destination`` the bytes end."""
        if self.length is None:
            return self.destination.nbytes
        return self.start + self.length


_RUN_RECORDS = 4
"""Whole records per task: handing out tasks costs little, and threads end together."""


@dataclass(frozen=True, slots=True)
class Run:
    """Whole records in a row, decrypted straight into ``destination``."""

    segment: SealedSegment
    first: int
    destination: memoryview

    def read(self, scratch: Scratch) -> None:
        """Read and decrypt them; raises what ``decrypt_record`` does."""
        record = self.first
        for start in range(0, len(self.destination), PLAIN_BYTES):
            place = self.destination[start : start + PLAIN_BYTES]
            self.segment.decrypt_record(record, scratch.sealed, place)
            record += 1


@dataclass(frozen=True, slots=True)
class Shared:
    """A record of which parts are wanted: offset in it, and where the bytes go."""

    segment: SealedSegment
    record: int
    pieces: list[tuple[int, memoryview]]

    def read(self, scratch: Scratch) -> None:
        """Read, decrypt and copy; raises what ``decrypt_record`` does."""
        plain = scratch.plain[: self.segment.plain_length(self.record)]
        self.segment.decrypt_record(self.record, scratch.sealed, plain)
        for offset, view in self.pieces:
            view[:] = plain[offset : offset + len(view)]


Task: TypeAlias = Run | Shared


def plan_reads(requests: Sequence[ReadRequest]) -> list[deque[Task]]:
    """Return what to decrypt in each segment: runs of whole records, others once."""
    lanes: dict[int, deque[Task]] = {}
    shared: dict[tuple[int, int], Shared] = {}
    for span in _joined(requests):
        left = span.memory.cast("B")[span.start : span.start + span.length]
        lane = lanes.setdefault(id(span.segment), deque())
        while left:
            position = span.position + span.length - len(left)
            record = record_at(position)
            offset = position - record_start(record)
            whole = min(len(left), _RUN_RECORDS * PLAIN_BYTES)
            if offset == 0 and whole >= PLAIN_BYTES:
                count = whole - whole % PLAIN_BYTES
                lane.append(Run(span.segment, record, left[:count]))
            else:
                count = min(len(left), span.segment.plain_length(record) - offset)
                key = (id(span.segment), record)
                if key not in shared:
                    shared[key] = Shared(span.segment, record, [])
                    lane.append(shared[key])
                shared[key].pieces.append((offset, left[:count]))
            left = left[count:]
    return list(lanes.values())


@dataclass(slots=True)
class _Span:
    """Wanted bytes in a row, both in the stream and in memory."""

    segment: SealedSegment
    position: int
    memory: memoryview
    start: int
    length: int


def _joined(requests: Iterable[ReadRequest]) -> list[_Span]:
    """Return the wanted bytes; what follows one another on both sides is one span."""
    spans: list[_Span] = []
    for span in chain.from_iterable(map(_wanted, requests)):
        last = spans[-1] if spans else None
        if (
            last is not None
            and span.segment is last.segment
            and span.memory is last.memory
            and span.position - last.position == span.start - last.start == last.length
        ):
            last.length += span.length
        else:
            spans.append(span)
    return spans


def _wanted(request: ReadRequest) -> Iterator[_Span]:
    """Yield where in the stream wanted bytes lie, and where they go.

    Raises:
        MissingError: The segment does not hold all of them.
    """
    data_bytes = request.segment.positions().data_bytes
    shift = request.start - request.item_offset
    wanted, end = request.item_offset, request.end - shift
    for offset, data_offset, length in request.item.extents():
        stop = min(end, offset + length)
        if offset <= wanted < stop and data_offset + length <= data_bytes:
            yield _Span(
                request.segment,
                DATA_START + data_offset + wanted - offset,
                request.destination,
                wanted + shift,
                stop - wanted,
            )
            wanted = stop
    if wanted != end:
        raise MissingError(
            f"byte {wanted} of {request.item.name!r} is not in segment"
            f" {request.segment.facts.context.segment}"
        )
