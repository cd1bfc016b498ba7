"""Large extents are cut at records, small ones share them, nothing is wasted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.crypto.container import PLAIN_BYTES as P
from strongroom.crypto.container import padded
from strongroom.crypto.index import Extent
from strongroom.crypto.layout import ItemRanges, Positions, lay_out
from strongroom.errors import InputError


def files(*lengths: int) -> list[ItemRanges]:
    return [
        ItemRanges(
            name=f"t{n}",
            file=0,
            dtype=None,
            shape=None,
            ranges=((0, length),) if length else (),
        )
        for n, length in enumerate(lengths)
    ]


def extents(*lengths: int) -> list[tuple[Extent, ...]]:
    return [item.extents for item in lay_out("s", files(*lengths)).items]


def test_a_large_extent_has_a_head_of_whole_records_and_a_tail() -> None:
    assert extents(5, 2 * P + 7, P, 0, P - 1) == [
        (Extent(item_offset=0, area="s", area_offset=0, length=5),),
        (
            Extent(item_offset=0, area="h", area_offset=0, length=2 * P),
            Extent(item_offset=2 * P, area="s", area_offset=5, length=7),
        ),
        (Extent(item_offset=0, area="h", area_offset=2 * P, length=P),),
        (),
        (Extent(item_offset=0, area="s", area_offset=12, length=P - 1),),
    ]


def test_positions_follow_the_length_of_the_index() -> None:
    index = lay_out("s", files(5, 2 * P + 7))

    assert Positions.of(index, 100) == Positions(
        shared_start=108,
        shared_end=120,
        heads_start=P,
        end=3 * P,
        stream_bytes=padded(3 * P),
    )


def test_a_segment_without_heads_ends_after_its_shared_area() -> None:
    positions = Positions.of(lay_out("s", files(5)), 100)

    assert positions.end == positions.shared_end == 113
    assert positions.stream_bytes == padded(113)


@given(st.lists(st.integers(0, 4 * P), max_size=8), st.integers(0, 3 * P))
def test_at_most_one_record_and_the_padding_are_added(
    lengths: list[int], index_bytes: int
) -> None:
    index = lay_out("s", files(*lengths))
    positions = Positions.of(index, index_bytes)

    assert index.plain_bytes == sum(lengths)
    assert positions.end - sum(lengths) - index_bytes - 8 < P
    assert positions.stream_bytes == padded(positions.end)
    for item in index.items:
        for extent in item.extents:
            start = positions.of_extent(extent)
            assert extent.area == "s" or start % P == 0
            assert start + extent.length <= positions.end


@pytest.mark.parametrize("ranges", [((0, 5), (4, 5)), ((5, 5), (0, 5)), ((-1, 5),)])
def test_ranges_that_overlap_or_are_out_of_order_are_refused(
    ranges: tuple[tuple[int, int], ...],
) -> None:
    item = ItemRanges(name="t", file=0, dtype=None, shape=None, ranges=ranges)

    with pytest.raises(InputError):
        lay_out("s", [item])
