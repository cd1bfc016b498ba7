"""Reading gives back exactly what was asked for, or zeros and an error."""

from __future__ import annotations

import dataclasses
import gc
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.crypto import keys
from strongroom.crypto.arena import Arena
from strongroom.crypto.container import (
    HEADER_BYTES,
    PLAIN_BYTES,
    RECORD_BYTES,
    START_BYTES,
    record_at,
    record_offset,
)
from strongroom.crypto.opening import (
    IndexItem,
    ReadRequest,
    SealedSegment,
    open_object,
    read_items,
)
from strongroom.errors import IntegrityError, MissingError
from strongroom.stores.memory import MemoryStore
from tests.crypto.sealed import NAME, flipped, pattern, seal

P = PLAIN_BYTES
CONTENTS = {
    "large": pattern(3 * P + 1000, "large"),
    "small": pattern(777, "small"),
    "exact": pattern(2 * P, "exact"),
    "almost": pattern(P - 1, "almost"),
    "empty": b"",
}
SEALED = {suite: seal(CONTENTS, suite=suite) for suite in keys.SUITES}
ONE = SEALED[keys.SUITE_AES_256_GCM]


def record_in(offset: int) -> int:
    """Return which record a byte of the object, behind its header, belongs to."""
    return 1 + (offset - START_BYTES) // RECORD_BYTES


class CountingStore:
    """A store that says which parts of an object were read."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.reads: list[tuple[int, int]] = []

    def size(self, name: str) -> int:
        return self._store.size(name)

    def read_into(self, name: str, offset: int, buffer: bytearray | memoryview) -> None:
        self.reads.append((offset, len(buffer)))
        self._store.read_into(name, offset, buffer)

    def records(self) -> set[int]:
        """Which records were touched."""
        return {record_in(offset) for offset, _ in self.reads}


def open_one(store: MemoryStore | CountingStore | None = None) -> SealedSegment:
    return open_object(store or ONE.store, ONE.facts, ONE.key)


def named(segment: SealedSegment, name: str) -> IndexItem:
    return next(item for item in segment.index().items if item.name == name)


def request(
    segment: SealedSegment, name: str, destination: memoryview, offset: int = 0
) -> ReadRequest:
    return ReadRequest(
        segment=segment,
        item=named(segment, name),
        item_offset=offset,
        destination=destination,
    )


@pytest.mark.parametrize("suite", keys.SUITES)
def test_everything_comes_back(suite: int) -> None:
    assert SEALED[suite].read() == CONTENTS


@settings(max_examples=60)
@given(st.data(), st.sampled_from(["large", "small", "exact", "almost"]))
def test_any_part_of_an_item_comes_back(data: st.DataObject, name: str) -> None:
    content = CONTENTS[name]
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, len(content)))
    buffer = bytearray(end - start)

    read_items([request(open_one(), name, memoryview(buffer), start)], threads=3)

    assert buffer == content[start:end]


def test_one_item_touches_only_its_records() -> None:
    store = CountingStore(ONE.store)
    segment = open_one(store)
    segment.index()
    store.reads.clear()

    read_items([request(segment, "exact", memoryview(bytearray(2 * P)))])

    (extent,) = named(segment, "exact").extents()
    first = 1 + extent.data_offset // P
    assert store.records() == {first, first + 1, first + 2}
    assert len(store.reads) == 3


def test_items_that_share_a_record_read_it_once() -> None:
    store = CountingStore(ONE.store)
    segment = open_one(store)
    segment.index()
    store.reads.clear()
    buffers = {name: bytearray(len(CONTENTS[name])) for name in ("small", "almost")}

    read_items([request(segment, n, memoryview(b)) for n, b in buffers.items()])

    assert buffers == {name: CONTENTS[name] for name in buffers}
    assert len(store.reads) == len(store.records())


def test_items_of_several_segments_are_read_together() -> None:
    other = seal({"small": b"another segment"}, seed=9)
    segments = [open_one(), open_object(other.store, other.facts, other.key)]
    buffers = [bytearray(777), bytearray(15)]

    read_items(
        [
            request(segment, "small", memoryview(buffer))
            for segment, buffer in zip(segments, buffers, strict=True)
        ]
    )

    assert buffers == [CONTENTS["small"], b"another segment"]


def test_tensors_lie_aligned_in_an_arena_without_another_copy() -> None:
    arena = Arena(4 * P)
    segment = open_one()
    places = {n: arena.allocate(len(CONTENTS[n])) for n in ("small", "exact")}

    read_items([request(segment, n, place) for n, place in places.items()])
    tensor = np.frombuffer(places["exact"], np.float32)

    assert tensor.tobytes() == CONTENTS["exact"]
    assert tensor.ctypes.data % 64 == 0
    del tensor, places
    gc.collect()
    arena.reset()


@settings(max_examples=60)
@given(st.data())
def test_a_flipped_bit_in_a_wanted_record_is_refused_and_everything_zeroed(
    data: st.DataObject,
) -> None:
    bit = data.draw(st.integers(8 * HEADER_BYTES, 8 * len(ONE.blob) - 1))
    store = ONE.replaced(flipped(ONE.blob, bit))
    record = record_in(bit // 8)
    segment = open_one()
    names = ["large", "small", "exact", "almost"]
    buffers = [bytearray(b"x" * len(CONTENTS[name])) for name in names]
    last_wanted = segment.positions().rest_start - 1
    attacked = open_one(store)

    if record > record_at(last_wanted):
        return  # only padding was changed: see test_inspection
    with pytest.raises(IntegrityError, match=rf"record {record} of segment segment-"):
        read_items(
            [
                ReadRequest(
                    segment=attacked,
                    item=named(segment, name),
                    item_offset=0,
                    destination=memoryview(buffer),
                )
                for name, buffer in zip(names, buffers, strict=True)
            ]
        )

    assert not any(any(buffer) for buffer in buffers)


def test_swapped_records_are_refused() -> None:
    blob = bytearray(ONE.blob)
    one, two = (slice(record_offset(r), record_offset(r + 1)) for r in (3, 4))
    blob[one], blob[two] = blob[two], blob[one]

    with pytest.raises(IntegrityError):
        ONE.read(ONE.replaced(bytes(blob)))


def test_records_of_another_object_with_the_same_facts_are_refused() -> None:
    other = seal(CONTENTS, seed=5).blob
    spliced = ONE.blob[: record_offset(3)] + other[record_offset(3) :]

    with pytest.raises(IntegrityError, match=r"record \d of segment"):
        ONE.read(ONE.replaced(spliced))


def test_a_failure_zeroes_the_wanted_places_and_nothing_else() -> None:
    attacked = open_one(ONE.replaced(flipped(ONE.blob, 8 * (2 * RECORD_BYTES))))
    memory = bytearray(b"x" * (9 * P))

    length = len(CONTENTS["large"])
    wanted = request(attacked, "large", memoryview(memory))

    with pytest.raises(IntegrityError):
        read_items([dataclasses.replace(wanted, start=P, length=length)])

    assert not any(memory[P : P + length])
    assert memory.count(b"x") == len(memory) - length


def test_one_thread_reads_every_segment_from_its_beginning_to_its_end() -> None:
    """Cold files come faster so, and lie in larger pages of the cache afterwards."""
    stores = [CountingStore(seal(CONTENTS, seed=n).store) for n in range(3)]
    segments = [
        open_object(store, sealed.facts, sealed.key)
        for n, store in enumerate(stores)
        for sealed in [seal(CONTENTS, seed=n)]
    ]
    buffers = {name: memoryview(bytearray(len(c))) for name, c in CONTENTS.items()}
    for store in stores:
        store.reads.clear()

    for segment in segments:
        read_items([request(segment, n, b) for n, b in buffers.items()], threads=1)

    for store in stores:
        offsets = [offset for offset, _ in store.reads]
        assert offsets == sorted(offsets)
        assert len(offsets) == len(store.records())


@given(st.integers(1, 6), st.integers(1, 4))
def test_however_many_threads_every_record_is_read_once(
    threads: int, segments: int
) -> None:
    stores = [CountingStore(ONE.store) for _ in range(segments)]
    opened = [open_one(store) for store in stores]
    buffers = [bytearray(len(CONTENTS["large"])) for _ in opened]
    for store in stores:
        store.reads.clear()

    read_items(
        [
            request(segment, "large", memoryview(buffer))
            for segment, buffer in zip(opened, buffers, strict=True)
        ],
        threads=threads,
    )

    assert all(buffer == CONTENTS["large"] for buffer in buffers)
    assert all(len(store.reads) == len(store.records()) == 4 for store in stores)


def test_an_object_that_vanishes_while_it_is_read_leaves_zeros() -> None:
    store = MemoryStore()
    store.write(NAME, [ONE.blob])
    segment = open_one(store)
    segment.index()
    buffer = bytearray(b"x" * len(CONTENTS["large"]))
    store.remove(NAME)

    with pytest.raises(MissingError):
        read_items([request(segment, "large", memoryview(buffer))])
    assert not any(buffer)


def test_nothing_is_wanted_and_nothing_is_read() -> None:
    store = CountingStore(ONE.store)
    segment = open_one(store)
    segment.index()
    store.reads.clear()

    read_items([])
    read_items([request(segment, "empty", memoryview(bytearray()))])

    assert store.reads == []


class MeetingStore(CountingStore):
    """A store whose next read waits until another thread reads as well."""

    meeting: threading.Barrier | None = None

    def read_into(self, name: str, offset: int, buffer: bytearray | memoryview) -> None:
        meeting, self.meeting = self.meeting, None
        if meeting:
            meeting.wait(30)
        super().read_into(name, offset, buffer)


def test_two_threads_read_two_segments_at_the_same_time() -> None:
    contents = {"exact": CONTENTS["exact"]}
    sealed, meeting = [seal(contents, seed=n) for n in (1, 2)], threading.Barrier(2)
    stores = [MeetingStore(one.store) for one in sealed]
    segments = [
        open_object(store, one.facts, one.key)
        for store, one in zip(stores, sealed, strict=True)
    ]
    buffers = [bytearray(2 * P) for _ in segments]
    wanted = [
        request(segment, "exact", memoryview(buffer))
        for segment, buffer in zip(segments, buffers, strict=True)
    ]
    for store in stores:
        store.meeting = meeting

    read_items(wanted, threads=2)

    assert buffers == [CONTENTS["exact"]] * 2
