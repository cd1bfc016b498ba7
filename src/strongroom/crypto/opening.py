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
from strongroom.crypto.container import PLAIN_BYTES, ObjectFacts
from strongroom.crypto.index import IndexItem, SegmentIndex
from strongroom.crypto.inspection import verify_ciphertext, verify_object
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


_RUN_RECORDS = 8
"""Whole records per task: large enough that handing out tasks costs nothing."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Whole records in a row, decrypted straight into ``destination``."""

    segment: SealedSegment
    first: int
    destination: memoryview

    def read(self, scratch: Scratch) -> None:
        for start in range(0, len(self.destination), PLAIN_BYTES):
            record = self.first + start // PLAIN_BYTES
            place = self.destination[start : start + PLAIN_BYTES]
            self.segment.decrypt_record(record, scratch.sealed, place)


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
    """Return what to decrypt: long runs, and each shared record once."""
    runs: list[_Task] = []
    shared: dict[tuple[int, int], _Shared] = {}
    for request in requests:
        segment = request.segment
        for position, view in _wanted(request):
            done = 0
            while done < len(view):
                record, offset = divmod(position + done, PLAIN_BYTES)
                records = min((len(view) - done) // PLAIN_BYTES, _RUN_RECORDS)
                if offset == 0 and records:
                    count = records * PLAIN_BYTES
                    runs.append(_Run(segment, record, view[done : done + count]))
                else:
                    count = min(len(view) - done, PLAIN_BYTES - offset)
                    key = (id(segment), record)
                    task = shared.setdefault(key, _Shared(segment, record, []))
                    task.pieces.append((offset, view[done : done + count]))
                done += count
    return [*shared.values(), *runs]


def _wanted(request: ReadRequest) -> Iterator[tuple[int, memoryview]]:
    """Yield where in the stream wanted bytes lie, and where they go.

    Raises:
        MissingError: The segment does not hold all of them.
    """
    positions = request.segment.positions()
    flat = request.destination.cast("B")
    wanted, end = request.item_offset, request.item_offset + len(flat)
    for extent in request.item.extents:
        stop = min(end, extent.item_offset + extent.length)
        if extent.item_offset <= wanted < stop:
            start = positions.of_extent(extent) + wanted - extent.item_offset
            at = wanted - request.item_offset
            yield start, flat[at : at + stop - wanted]
            wanted = stop
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
