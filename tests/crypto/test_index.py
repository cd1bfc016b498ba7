"""An index has one reading, and one that lies about lengths has none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom import canonical
from strongroom.crypto.container import PLAIN_BYTES as P
from strongroom.crypto.index import (
    MAX_INDEX_BYTES,
    Extent,
    ItemRanges,
    SegmentIndex,
    lay_out,
)
from strongroom.errors import InputError, IntegrityError
from tests.crypto.sealed import flipped


def files(*ranges: tuple[tuple[int, int], ...]) -> list[ItemRanges]:
    return [
        ItemRanges(name=f"t{n}", file=0, dtype=None, shape=None, ranges=r)
        for n, r in enumerate(ranges)
    ]


INDEX = lay_out(
    "blocks.0",
    [
        ItemRanges(name="w", file=0, dtype="BF16", shape=(2, P), ranges=((0, 4 * P),)),
        ItemRanges(name="b", file=0, dtype="F32", shape=(25,), ranges=((0, 100),)),
        ItemRanges(name="c", file=1, dtype=None, shape=None, ranges=((7, 10), (30, 5))),
        ItemRanges(name="d", file=1, dtype="I8", shape=(0,), ranges=()),
    ],
)


def document() -> dict[str, Any]:
    value = canonical.from_json(INDEX.to_bytes(), at_most_bytes=10_000)
    assert isinstance(value, dict)
    return value


def after_each_other(gaps: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    position, placed = 0, []
    for gap, length in gaps:
        placed.append((position + gap, length))
        position += gap + length
    return tuple(placed)


ranges = st.lists(
    st.tuples(st.integers(0, 3 * P), st.integers(1, 3 * P)), max_size=4
).map(after_each_other)


def test_ranges_lie_one_after_another_each_on_a_multiple_of_64() -> None:
    found = [list(item.extents()) for item in INDEX.items]

    assert found == [
        [Extent(item_offset=0, data_offset=0, length=4 * P)],
        [Extent(item_offset=0, data_offset=4 * P, length=100)],
        [
            Extent(item_offset=7, data_offset=4 * P + 128, length=10),
            Extent(item_offset=30, data_offset=4 * P + 192, length=5),
        ],
        [],
    ]
    assert INDEX.data_bytes == 4 * P + 197
    assert INDEX.plain_bytes == 4 * P + 115


@given(st.lists(ranges, max_size=5))
def test_an_index_comes_back(items: list[tuple[tuple[int, int], ...]]) -> None:
    index = lay_out("blocks.0", files(*items))

    assert SegmentIndex.parse(index.to_bytes()) == index
    assert index.plain_bytes == sum(length for r in items for _, length in r)


@given(st.lists(ranges, max_size=5))
def test_data_have_no_overlaps_and_gaps_below_64_bytes(
    items: list[tuple[tuple[int, int], ...]],
) -> None:
    index = lay_out("blocks.0", files(*items))
    end = 0
    for item in index.items:
        assert [(e.item_offset, e.length) for e in item.extents()] == [*item.ranges]
        for extent in item.extents():
            assert extent.data_offset % 64 == 0
            assert 0 <= extent.data_offset - end < 64
            end = extent.data_offset + extent.length
    assert end == index.data_bytes


@given(st.integers(0, 8 * len(INDEX.to_bytes()) - 1))
def test_a_flipped_bit_is_refused_or_reads_as_something_else(bit: int) -> None:
    """The tag of its record is what refuses; here nothing else may escape."""
    try:
        assert SegmentIndex.parse(flipped(INDEX.to_bytes(), bit)) != INDEX
    except IntegrityError:
        return


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("v",), 2),
        (("v",), True),
        (("segment",), 1),
        (("items",), {}),
        (("items", 0), []),
        (("items", 0, "name"), ""),
        (("items", 0, "name"), "b"),
        (("items", 0, "name"), "n" * 4097),
        (("items", 0, "file"), -1),
        (("items", 0, "file"), "0"),
        (("items", 0, "dtype"), None),
        (("items", 0, "dtype"), "x" * 33),
        (("items", 0, "shape"), None),
        (("items", 0, "shape"), [-1]),
        (("items", 0, "shape"), [1] * 65),
        (("items", 0, "shape"), [True]),
        (("items", 0, "ranges"), None),
        (("items", 0, "ranges", 0), [0]),
        (("items", 0, "ranges", 0), [0, 1, 2]),
        (("items", 0, "ranges", 0), [0, "4"]),
        (("items", 0, "ranges", 0), [0, True]),
        (("items", 0, "ranges", 0), [0, -4 * P]),
        (("items", 0, "ranges", 0), [-1, 4 * P]),
        (("items", 0, "ranges", 0), [2**53 - 1, 4 * P]),
        (("items", 1, "ranges", 0), [0, 0]),
        (("items", 2, "ranges", 1), [16, 5]),
        (("items", 2, "ranges", 1), [0, 5]),
    ],
)
def test_an_index_that_cannot_be_is_refused(
    path: tuple[str | int, ...], value: object
) -> None:
    """Overlaps, wrong order, numbers out of range, wrong types."""
    changed = document()
    place: Any = changed
    for step in path[:-1]:
        place = place[step]
    assert place[path[-1]] != value or value is True
    place[path[-1]] = value

    with pytest.raises(IntegrityError):
        SegmentIndex.parse(canonical.to_json(changed))


def test_unknown_and_missing_fields_are_refused() -> None:
    for change in ({"x": 1}, {}):
        for where in ("index", "item"):
            changed = document()
            place = changed if where == "index" else changed["items"][0]
            place.update(change)
            if not change:
                del place["name" if where == "item" else "v"]
            with pytest.raises(IntegrityError):
                SegmentIndex.parse(canonical.to_json(changed))


def test_an_index_in_another_form_is_refused() -> None:
    for data in (b"", b"{}", b"[]", INDEX.to_bytes() + b" ", b"\xff"):
        with pytest.raises(IntegrityError):
            SegmentIndex.parse(data)


def test_two_items_of_one_name_belong_to_two_files() -> None:
    def named(file: int) -> ItemRanges:
        return ItemRanges(name="a", file=file, dtype=None, shape=None, ranges=())

    assert lay_out("s", [named(0), named(1)])
    with pytest.raises(InputError, match="twice"):
        lay_out("s", [named(0), named(0)])


@pytest.mark.parametrize("ranges", [((0, 5), (4, 5)), ((5, 5), (0, 5)), ((-1, 5),)])
def test_ranges_that_overlap_or_are_out_of_order_are_refused(
    ranges: tuple[tuple[int, int], ...],
) -> None:
    with pytest.raises(InputError):
        lay_out("s", files(ranges))


def test_a_long_index_is_refused() -> None:
    with pytest.raises(IntegrityError, match="bytes"):
        SegmentIndex.parse(b" " * (MAX_INDEX_BYTES + 1))
    with pytest.raises(InputError, match="too many"):
        lay_out("s" * MAX_INDEX_BYTES, []).to_bytes()


def test_an_index_at_its_limits_is_read() -> None:
    """The published ones: 4096 and 32 characters, 64 numbers, 2^53 - 1."""
    most = 2**53 - 1
    item = ItemRanges(
        name="n" * 4096,
        file=most,
        dtype="x" * 32,
        shape=(most,) * 64,
        ranges=((most - 1, 1),),
    )
    index = lay_out("s", [item])

    assert SegmentIndex.parse(index.to_bytes()) == index
