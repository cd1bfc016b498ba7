"""Ways to bring weights into memory, for ``bench_open`` and its fresh processes.

Sealed weights with every check; the same objects by a loop that only reads and
decrypts; and the bytes of the plain file.  All use as many threads, read a MiB at a
time and fill an arena.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from strongroom.client.arrays import tensor_bytes
from strongroom.crypto.arena import ALIGNMENT_BYTES, Arena
from strongroom.crypto.container import (
    RECORD_BYTES,
    START_BYTES,
    TAG_BYTES,
    ObjectFacts,
    cipher_for,
    record_nonce,
    record_offset,
    record_plain_bytes,
    record_start,
)
from strongroom.crypto.index import IndexItem
from strongroom.crypto.opening import (
    ObjectReader,
    ReadRequest,
    open_object,
    read_items,
)
from strongroom.types import Secret

THREADS = 2
_Task = TypeVar("_Task")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """One sealed segment and the key that opens it."""

    facts: ObjectFacts
    key: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """An opened tensor: what an index says of it, and its bytes."""

    item: IndexItem
    memory: memoryview


def new_arena(sealed: Sequence[Sealed]) -> Arena:
    """Return memory for all of these segments, aligned as in their streams."""
    return Arena(sum(one.facts.stream_bytes + ALIGNMENT_BYTES for one in sealed))


def open_sealed(
    store: ObjectReader, sealed: Sequence[Sealed], arena: Arena, *names: str
) -> list[Tensor]:
    """Return tensors, after checking header, commitment, index and every tag.

    Args:
        store: Where the objects are.
        sealed: Segments in the order of their plan.
        arena: Used again from its beginning.
        names: Of the tensors that are wanted; all of them when there are none.
    """
    arena.reset()
    memory = arena.memory()
    found: dict[str, tuple[IndexItem, int, int]] = {}
    requests = []
    for one in sealed:
        segment = open_object(store, one.facts, one.key)
        for item in segment.index().items:
            if item.dtype is None or (names and item.name not in names):
                continue
            if item.name not in found:
                length = tensor_bytes(item.dtype, item.shape or (), name=item.name)
                found[item.name] = (item, arena.reserve(length), length)
            for offset, length in item.ranges:
                requests.append(
                    ReadRequest(
                        segment=segment,
                        item=item,
                        item_offset=offset,
                        destination=memory,
                        start=found[item.name][1] + offset,
                        length=length,
                    )
                )
    read_items(requests, threads=THREADS)
    return [
        Tensor(item=item, memory=memory[start : start + length])
        for item, start, length in found.values()
    ]


def decrypt_only(folder: Path, sealed: Sequence[Sealed], arena: Arena) -> None:
    """Read and decrypt the same records, without any other check: a limit."""
    arena.reset()
    places = [(one, arena.allocate(one.facts.stream_bytes)) for one in sealed]
    tasks = deque(
        (one, place, records)
        for one, place in places
        for records in _halves(one.facts.records)  # so that threads end together
    )

    def work() -> None:
        scratch = Arena(RECORD_BYTES).allocate(RECORD_BYTES)
        for one, place, records in _taken(tasks):
            descriptor = os.open(folder / one.facts.object_name, os.O_RDONLY)
            _decrypt(descriptor, one, records, place, scratch)
            os.close(descriptor)

    _in_threads(work)


def _halves(records: int) -> tuple[range, range]:
    middle = 1 + records // 2
    return range(1, middle), range(middle, records)


def _decrypt(
    descriptor: int,
    one: Sealed,
    records: range,
    place: memoryview,
    scratch: memoryview,
) -> None:
    facts = one.facts
    cipher = cipher_for(facts.context.suite, one.key)
    for record in records:
        length = record_plain_bytes(record, facts.stream_bytes)
        sealed = scratch[: length + TAG_BYTES]
        os.preadv(descriptor, [sealed], record_offset(record))
        nonce = record_nonce(record, last=record == facts.records - 1)
        start = record_start(record)
        cipher.decrypt_into(nonce, sealed, None, place[start : start + length])


def read_plain(path: Path, length: int, arena: Arena) -> None:
    """Read the last ``length`` bytes of a file, which are its tensors.

    Each thread reads a part of its own in order, which a cold disk likes best.
    """
    arena.reset()
    place = arena.allocate(length)
    descriptor = os.open(path, os.O_RDONLY)
    begin = os.fstat(descriptor).st_size - length
    share = -(-length // THREADS)
    tasks = deque(
        (start, min(start + share, length)) for start in range(0, length, share)
    )

    def work() -> None:
        for start, end in _taken(tasks):
            for offset in range(start, end, RECORD_BYTES):
                part = place[offset : min(offset + RECORD_BYTES, end)]
                if os.preadv(descriptor, [part], begin + offset) != len(part):
                    raise SystemExit("a short read")

    _in_threads(work)
    os.close(descriptor)


def _taken(tasks: deque[_Task]) -> Iterator[_Task]:
    while True:
        try:
            task = tasks.popleft()
        except IndexError:
            return
        yield task


def _in_threads(work: Callable[[], None]) -> None:
    """Run ``work`` in this thread and in others."""
    with ThreadPoolExecutor(THREADS - 1) as pool:
        others = [pool.submit(work) for _ in range(THREADS - 1)]
        work()
        for other in others:
            other.result()


def drop_from_cache(paths: Sequence[Path]) -> None:
    """Let the page cache forget files, so that the next read goes to the disk."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def bring_into_cache(paths: Sequence[Path]) -> None:
    """Read files from a cold cache: a little of the beginning, then all, in order.

    How a file came into the cache decides the size of the pages it lies in, and
    that makes reading it again cost up to twice as much.  This is how sealed objects
    come there when they are opened, and the best of several ways for a plain file.
    """
    drop_from_cache(paths)
    buffer = Arena(RECORD_BYTES).allocate(RECORD_BYTES)
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        os.readv(descriptor, [buffer[:START_BYTES]])
        while os.readv(descriptor, [buffer]):
            pass
        os.close(descriptor)
