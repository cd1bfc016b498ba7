"""Open sealed objects: read items of them, straight into their final place.

Nothing is believed before it is checked: the header against the signed facts,
the key against its commitment, the index against the lengths, every record by its
tag.  Whole records decrypt into the destination; the cipher writes there before
it has seen the tag, so on any failure all workers stop, every destination of the
call is zeroed, and nothing is handed out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

from strongroom.crypto import arena
from strongroom.crypto.container import PLAIN_BYTES, RECORD_BYTES, ObjectFacts
from strongroom.crypto.index import IndexItem, SegmentIndex
from strongroom.crypto.inspection import verify_ciphertext, verify_object
from strongroom.crypto.segment import ObjectReader, SealedSegment, open_object
from strongroom.errors import InputError, MissingError

__all__ = [
    "IndexItem",
    "ObjectFacts",
    "ObjectReader",
    "ReadRequest",
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
        destination: Writable and contiguous; as many bytes as it is long.
    """

    segment: SealedSegment
    item: IndexItem
    item_offset: int
    destination: memoryview


def read_items(requests: Sequence[ReadRequest], *, threads: int = 2) -> None:
    """Fill every destination, reading only the records that hold wanted bytes.

    Args:
        requests: Destinations do not overlap.
        threads: How many records are worked on at once, at least 1.

    Raises:
        IntegrityError: A record was altered; names segment and record.  Every
            destination is zeroed, as it is after any other error.
        MissingError: Wanted bytes lie in another segment, or an object is gone.
        InputError: A destination is read-only or not contiguous.
        UnavailableError: The store did not answer.
    """
    for request in requests:
        if request.destination.readonly or not request.destination.c_contiguous:
            raise InputError("a destination is writable and contiguous")
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
                arena.zero(request.destination)


_Piece: TypeAlias = tuple[int, memoryview]
"""Offset in a record's plaintext, and where those bytes go."""


@dataclass(frozen=True, slots=True)
class _Task:
    """One record to decrypt: into ``whole``, or into scratch and then ``pieces``."""

    segment: SealedSegment
    record: int
    whole: memoryview | None
    pieces: list[_Piece]


def _plan(requests: Sequence[ReadRequest]) -> list[_Task]:
    """Return the records to decrypt, in the order of the requests."""
    tasks: list[_Task] = []
    shared: dict[tuple[int, int], _Task] = {}
    for request in requests:
        for record, offset, view in _runs(request):
            segment = request.segment
            if len(view) == segment.plain_length(record):
                tasks.append(_Task(segment, record, view, []))
                continue
            task = shared.get((id(segment), record))
            if task is None:
                task = shared[id(segment), record] = _Task(segment, record, None, [])
                tasks.append(task)
            task.pieces.append((offset, view))
    return tasks


def _runs(request: ReadRequest) -> Iterator[tuple[int, int, memoryview]]:
    """Yield record, offset in its plaintext, and destination of every run.

    Raises:
        MissingError: The segment does not hold all of the wanted bytes.
    """
    positions = request.segment.positions()
    flat = request.destination.cast("B")
    wanted, end = request.item_offset, request.item_offset + len(flat)
    for extent in request.item.extents:
        if wanted == end or extent.item_offset > wanted:
            break
        stop = min(end, extent.item_offset + extent.length)
        start = positions.of_extent(extent) - extent.item_offset
        while wanted < stop:
            record, offset = divmod(start + wanted, PLAIN_BYTES)
            count = min(stop - wanted, PLAIN_BYTES - offset)
            at = wanted - request.item_offset
            yield record, offset, flat[at : at + count]
            wanted += count
    if wanted != end:
        raise MissingError(
            f"byte {wanted} of {request.item.name!r} is not in segment"
            f" {request.segment.facts.context.segment}"
        )


def _work_in_threads(tasks: deque[_Task], workers: int) -> None:
    with ThreadPoolExecutor(workers, "strongroom-open") as pool:
        try:
            for done in [pool.submit(_work, tasks) for _ in range(workers)]:
                done.result()
        finally:
            tasks.clear()  # an interrupt here stops the workers as well


def _work(tasks: deque[_Task]) -> None:
    """Decrypt records until none is left; a failure leaves none for the others."""
    ciphertext = memoryview(bytearray(RECORD_BYTES))
    scratch = memoryview(bytearray(PLAIN_BYTES))
    try:
        while True:
            try:
                task = tasks.popleft()
            except IndexError:
                return
            segment, record = task.segment, task.record
            if task.whole is not None:
                segment.decrypt_record(record, ciphertext, task.whole)
                continue
            plain = scratch[: segment.plain_length(record)]
            segment.decrypt_record(record, ciphertext, plain)
            for offset, view in task.pieces:
                view[:] = plain[offset : offset + len(view)]
    finally:
        tasks.clear()
