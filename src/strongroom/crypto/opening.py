"""Open sealed objects: read items of them, straight into their final place.

Nothing is believed before it is checked: the header against the signed facts,
the key against its commitment, the index against the lengths, every record by its
tag.  Whole records decrypt into the destination; the cipher writes there before
it has seen the tag, so on any failure all workers stop, every destination of the
call is zeroed, and nothing is handed out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

from strongroom.crypto import arena
from strongroom.crypto.container import (
    PLAIN_BYTES,
    ObjectFacts,
    record_at,
    record_start,
)
from strongroom.crypto.index import IndexItem, SegmentIndex
from strongroom.crypto.inspection import verify_ciphertext, verify_object
from strongroom.crypto.layout import DATA_START
from strongroom.crypto.segment import (
    ObjectReader,
    Scratch,
    SealedSegment,
    open_object,
)
from strongroom.errors import InputError, MissingError

__all__ = [
    "IndexItem",
    "ObjectFacts",
    "ObjectReader",
    "ReadRequest",
    "Scratch",
    "SealedSegment",
    "SegmentIndex",
    "open_object",
    "read_items",
    "verify_ciphertext",
    "verify_object",
]


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


def read_items(requests: Sequence[ReadRequest], *, threads: int = 2) -> None:
    """Fill every destination, reading only the records that hold wanted bytes.

    Args:
        requests: Their places do not overlap.
        threads: How many records are worked on at once, at least 1.

    Raises:
        IntegrityError: A record was altered; names segment and record.  Every
            wanted byte is zeroed, as it is after any other error.
        MissingError: Wanted bytes lie in another segment, or an object is gone.
        UnavailableError: The store did not answer.
    """
    complete = False
    try:
        tasks = deque(_plan(requests))
        workers = max(1, min(threads, len(tasks)))
        if workers == 1:
            _work(tasks)
        else:
            _work_in_threads(tasks, workers)
        complete = True
    finally:
        if not complete:
            for request in requests:
                place = request.destination.cast("B")
                arena.zero(place[request.start : request.end])


_RUN_RECORDS = 4
"""Whole records per task: handing out tasks costs little, and threads end together."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Whole records in a row, decrypted straight into ``destination``."""

    segment: SealedSegment
    first: int
    destination: memoryview

    def read(self, scratch: Scratch) -> None:
        record = self.first
        for start in range(0, len(self.destination), PLAIN_BYTES):
            place = self.destination[start : start + PLAIN_BYTES]
            self.segment.decrypt_record(record, scratch.sealed, place)
            record += 1


@dataclass(frozen=True, slots=True)
class _Shared:
    """A record of which parts are wanted: offset in it, and where the bytes go."""

    segment: SealedSegment
    record: int
    pieces: list[tuple[int, memoryview]]

    def read(self, scratch: Scratch) -> None:
        plain = scratch.plain[: self.segment.plain_length(self.record)]
        self.segment.decrypt_record(self.record, scratch.sealed, plain)
        for offset, view in self.pieces:
            view[:] = plain[offset : offset + len(view)]


_Task: TypeAlias = _Run | _Shared


def _plan(requests: Sequence[ReadRequest]) -> list[_Task]:
    """Return what to decrypt: runs of whole records, then each other one once."""
    runs: list[_Task] = []
    shared: dict[tuple[int, int], _Shared] = {}
    for span in _joined(requests):
        left = span.memory.cast("B")[span.start : span.start + span.length]
        while left:
            position = span.position + span.length - len(left)
            record = record_at(position)
            offset = position - record_start(record)
            whole = min(len(left), _RUN_RECORDS * PLAIN_BYTES)
            if offset == 0 and whole >= PLAIN_BYTES:
                count = whole - whole % PLAIN_BYTES
                runs.append(_Run(span.segment, record, left[:count]))
            else:
                count = min(len(left), span.segment.plain_length(record) - offset)
                key = (id(span.segment), record)
                task = shared.setdefault(key, _Shared(span.segment, record, []))
                task.pieces.append((offset, left[:count]))
            left = left[count:]
    return [*runs, *shared.values()]


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


def _work_in_threads(tasks: deque[_Task], workers: int) -> None:
    """Work in this thread and in others; the first failure stops them all."""
    with ThreadPoolExecutor(workers - 1, "strongroom-open") as pool:
        try:
            others = [pool.submit(_work, tasks) for _ in range(workers - 1)]
            _work(tasks)
            for done in others:
                done.result()
        finally:
            tasks.clear()  # an interrupt here stops the workers as well


def _work(tasks: deque[_Task]) -> None:
    """Decrypt records until none is left; a failure leaves none for the others."""
    scratch = Scratch()
    try:
        while True:
            try:
                task = tasks.popleft()
            except IndexError:
                return
            task.read(scratch)
    finally:
        tasks.clear()
