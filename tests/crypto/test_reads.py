"""What is read for what is wanted, and where it may go."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.crypto.container import PLAIN_BYTES as P
from strongroom.crypto.opening import SealedSegment, open_object, read_items
from strongroom.crypto.reads import ReadRequest
from strongroom.errors import InputError, MissingError
from tests.crypto.sealed import pattern, seal
from tests.crypto.test_opening import CONTENTS, CountingStore, open_one, request


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
            request(segment, "small", destination)


@pytest.mark.parametrize(
    ("start", "length"), [(-1, 5), (0, 11), (6, 5), (11, 0), (0, -1)]
)
def test_a_place_outside_the_destination_is_refused(start: int, length: int) -> None:
    one = request(open_one(), "small", memoryview(bytearray(10)))

    with pytest.raises(InputError):
        dataclasses.replace(one, start=start, length=length)


def test_an_item_of_another_segment_is_missing() -> None:
    other = seal({"far": pattern(9 * P), "at": pattern(100)}, seed=9)
    far = open_object(other.store, other.facts, other.key).index().items

    for item in far:
        buffer = memoryview(bytearray(100))
        with pytest.raises(MissingError, match="not in segment"):
            read_items(
                [
                    ReadRequest(
                        segment=open_one(),
                        item=item,
                        item_offset=0,
                        destination=buffer,
                    )
                ]
            )


def in_one_memory(
    segment: SealedSegment, memory: memoryview, gap: int
) -> dict[str, int]:
    """Read everything into one memory, and return where each item begins."""
    places: dict[str, int] = {}
    requests, end = [], 0
    for item in segment.index().items:
        end += -end % 64 + gap
        places[item.name] = end
        length = len(CONTENTS[item.name])
        requests.append(
            ReadRequest(
                segment=segment,
                item=item,
                item_offset=0,
                destination=memory,
                start=end,
                length=length,
            )
        )
        end += length
    read_items(requests)
    return places


@pytest.mark.parametrize("gap", [0, 64])
def test_items_in_one_memory_come_back(gap: int) -> None:
    """Where they follow one another, records decrypt across them."""
    memory = bytearray(b"x" * (8 * P))

    places = in_one_memory(open_one(), memoryview(memory), gap)

    used = 0
    for name, start in places.items():
        content = CONTENTS[name]
        assert memory[start : start + len(content)] == content
        assert set(memory[used:start]) <= {ord("x")}  # a gap stays as it was
        used = start + len(content)
    assert set(memory[used:]) == {ord("x")}


def test_a_record_across_items_is_decrypted_once_and_without_a_copy() -> None:
    contents = {"a": pattern(P + 64), "b": pattern(P - 64), "c": pattern(640)}
    sealed = seal(contents)
    store = CountingStore(sealed.store)
    segment = open_object(store, sealed.facts, sealed.key)
    memory = memoryview(bytearray(2 * P + 640))
    requests, start = [], 0
    for item in segment.index().items:
        requests.append(
            ReadRequest(
                segment=segment,
                item=item,
                item_offset=0,
                destination=memory,
                start=start,
                length=len(contents[item.name]),
            )
        )
        start += len(contents[item.name])
    store.reads.clear()

    read_items(requests)

    assert bytes(memory) == b"".join(contents.values())
    assert len(store.reads) == 3


ROWS = {
    name: pattern(64 * size, name)
    for name, size in zip("abcde", (1, 5, 1030, 2, 1023), strict=True)
}
"""Items that follow one another in a segment without a gap, across three records."""
IN_ROWS = seal(ROWS)
ROOM = sum(map(len, ROWS.values())) + len(ROWS) * 64


@settings(max_examples=60)
@given(
    st.permutations(sorted(ROWS)),
    st.lists(st.sampled_from((0, 1)), min_size=5, max_size=5),
    st.lists(st.sampled_from((0, 0, 64)), min_size=5, max_size=5),
)
def test_items_come_back_in_any_order_and_in_any_memory(
    order: list[str], memories: list[int], gaps: list[int]
) -> None:
    """Also where one memory goes on at the offset at which another one ended."""
    segment = open_object(IN_ROWS.store, IN_ROWS.facts, IN_ROWS.key)
    items = {item.name: item for item in segment.index().items}
    wanted = [bytearray(b"x" * ROOM) for _ in range(2)]
    views = [memoryview(bytearray(memory)) for memory in wanted]
    requests, end = [], 0
    for name, memory, gap in zip(order, memories, gaps, strict=True):
        start, end = end + gap, end + gap + len(ROWS[name])
        wanted[memory][start:end] = ROWS[name]
        requests.append(
            ReadRequest(
                segment=segment,
                item=items[name],
                item_offset=0,
                destination=views[memory],
                start=start,
                length=end - start,
            )
        )

    read_items(requests, threads=1)

    assert [bytes(view) for view in views] == [bytes(memory) for memory in wanted]
