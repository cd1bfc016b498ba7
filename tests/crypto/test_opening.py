"""Reading gives back exactly what was asked for, or zeros and an error."""

from __future__ import annotations

import gc

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
    record_offset,
)
from strongroom.crypto.opening import (
    IndexItem,
    ReadRequest,
    SealedSegment,
    open_object,
    read_items,
)
from strongroom.errors import InputError, IntegrityError, MissingError
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
        return {(offset - HEADER_BYTES) // RECORD_BYTES for offset, _ in self.reads}


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

    first = segment.positions().of_extent(named(segment, "exact").extents[0]) // P
    assert store.records() == {first, first + 1}
    assert len(store.reads) == 2


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
    record = (bit // 8 - HEADER_BYTES) // RECORD_BYTES
    segment = open_one()
    names = ["large", "small", "exact", "almost"]
    buffers = [bytearray(b"x" * len(CONTENTS[name])) for name in names]
    last_wanted = segment.positions().end - 1
    attacked = open_one(store)

    if record > last_wanted // P:
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


def test_bytes_that_lie_elsewhere_are_missing() -> None:
    segment = open_one()
    for offset, length in ((777, 1), (0, 778), (-1, 2), (10**9, 1)):
        buffer = bytearray(b"x" * length)
        with pytest.raises(MissingError, match="not in segment"):
            read_items([request(segment, "small", memoryview(buffer), offset)])
        assert not any(buffer)


def test_a_destination_that_cannot_be_written_is_refused() -> None:
    segment = open_one()
    strided = memoryview(bytearray(20))[::2]

    for destination in (memoryview(b"12345"), strided):
        with pytest.raises(InputError):
            read_items([request(segment, "small", destination)])


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
