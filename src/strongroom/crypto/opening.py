"""Open sealed objects: read items of them, straight into their final place.

Nothing is believed before it is checked: the header against the signed facts,
the key against its commitment, the index against the lengths, every record by its
tag.  Whole records decrypt into the destination; the cipher writes there before
it has seen the tag, so on any failure all workers stop, every destination of the
call is zeroed, and nothing is handed out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice

from strongroom.crypto import arena
from strongroom.crypto.container import ObjectFacts
from strongroom.crypto.index import IndexItem, SegmentIndex
from strongroom.crypto.inspection import verify_ciphertext, verify_object
from strongroom.crypto.reads import ReadRequest, Task, plan_reads
from strongroom.crypto.segment import (
    ObjectReader,
    Scratch,
    SealedSegment,
    open_object,
)

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
        lanes = _Lanes(plan_reads(requests))
        workers = max(1, min(threads, len(lanes)))
        if workers == 1:
            _work(lanes)
        else:
            _work_in_threads(lanes, workers)
        complete = True
    finally:
        if not complete:
            for request in requests:
                place = request.destination.cast("B")
                arena.zero(place[request.start : request.end])


class _Lanes:
    """What is left to decrypt, one lane a segment; used by several threads.

    A thread works through a lane from its beginning, alone: a file that is read in
    order comes from a cold disk 1.7 times as fast as one that two threads jump
    about in, and lies in larger pages of the cache afterwards, which saves a
    quarter of the CPU of reading it again.  Once every lane is taken, a thread helps
    at the far end of the longest.
    """

    def __init__(self, lanes: Sequence[deque[Task]]) -> None:
        self._all = lanes
        self._free = deque(lanes)

    def __len__(self) -> int:
        return sum(map(len, self._all))

    def tasks(self) -> Iterator[Task]:
        """Yield what one thread does; every task goes to one thread only."""
        with suppress(IndexError):  # no lane is free
            while True:
                yield from _drained(self._free.popleft().popleft)
        while len(self):
            yield from islice(_drained(max(self._all, key=len).pop), 1)

    def stop(self) -> None:
        """Leave nothing to do for any thread."""
        self._free.clear()
        for lane in self._all:
            lane.clear()


def _drained(take: Callable[[], Task]) -> Iterator[Task]:
    while True:
        try:
            task = take()
        except IndexError:
            return
        yield task


def _work_in_threads(lanes: _Lanes, workers: int) -> None:
    """Work in this thread and in others; the first failure stops them all."""
    with ThreadPoolExecutor(workers - 1, "strongroom-open") as pool:
        try:
            others = [pool.submit(_work, lanes) for _ in range(workers - 1)]
            _work(lanes)
            for done in others:
                done.result()
        finally:
            lanes.stop()  # an interrupt here stops the workers as well


def _work(lanes: _Lanes) -> None:
    """Decrypt records until none is left; a failure leaves none for the others."""
    scratch = Scratch()
    try:
        for task in lanes.tasks():
            task.read(scratch)
    finally:
        lanes.stop()
