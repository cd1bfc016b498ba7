"""Parcels cut footprints exactly: every byte lies in one, with all who show it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access import parcels as module
from strongroom.access.footprints import Extent, Footprint, Grain
from strongroom.access.parcels import parcels
from strongroom.errors import InputError
from tests.access.elements import TENSORS, cover_of

FILE = Grain(elements=100)

extents = st.builds(
    lambda tensor, start, length: Extent(tensor, start, start + length, FILE),
    st.sampled_from(TENSORS),
    st.integers(0, 40),
    st.integers(1, 20),
)
several = st.lists(
    st.builds(Footprint.of, st.lists(extents, max_size=6)), max_size=6, unique=True
)


@given(several)
def test_they_agree_with_counting_every_byte(footprints: list[Footprint]) -> None:
    cover: dict[tuple[bytes, int], int] = {}
    for number, footprint in enumerate(footprints):
        for extent in footprint.extents:
            for at in range(extent.start, extent.end):
                key = (extent.coordinate, at)
                cover[key] = cover.get(key, 0) | 1 << number
    wanted: dict[int, int] = {}
    for bits in cover.values():
        wanted[bits] = wanted.get(bits, 0) + 1

    cut = parcels(footprints)

    assert {cover_of(p): p.bytes for p in cut if p.bytes} == wanted
    assert [p.owners for p in cut[: len(footprints)]] == [
        (n,) for n in range(len(footprints))
    ]


def test_segments_of_one_plan_are_their_own_parcels() -> None:
    plan = [
        Footprint.of([Extent(TENSORS[0], n * 10, n * 10 + 10, FILE)]) for n in range(9)
    ]

    assert [p.bytes for p in parcels(plan)] == [10] * 9


def test_as_many_footprints_as_there_are_may_share_a_byte() -> None:
    """Numbers of sixty footprints do not fit one key of 62 bits."""
    nested = [Footprint.of([Extent(TENSORS[0], 0, n, FILE)]) for n in range(1, 61)]

    cut = parcels(nested)

    everyone = (1 << 60) - 1
    assert {cover_of(p): p.bytes for p in cut if p.bytes} == {
        everyone >> n << n: 1 for n in range(60)
    }


def stored(coordinate: bytes, *numbers: int) -> bytes:
    return coordinate + b"".join(number.to_bytes(8, "big") for number in numbers)


def test_footprints_too_large_to_add_exactly_are_refused() -> None:
    """Sums are 64-bit integers; a wrapped one would read as an empty footprint."""
    huge = Footprint(stored(TENSORS[0], 0, 2**63, 1 << 8 | 8))

    with pytest.raises(InputError, match="too large"):
        parcels([huge])


def test_offsets_too_large_to_compare_exactly_are_refused() -> None:
    """Few bytes, but so far out that positions would no longer fit 63 bits."""
    forged = [
        Footprint(
            b"".join(
                stored(bytes([n]) * 16, 2**60 - 9, 2**60 - end, 1 << 8 | 8)
                for n in range(20)
            )
        )
        for end in (0, 1)
    ]

    with pytest.raises(InputError, match="too large"):
        parcels(forged)


def test_footprints_that_overlap_too_much_to_hold_in_memory_are_refused() -> None:
    """An attacker cuts one tensor at every byte, in nested ranges."""
    most = int(module.MOST_PAIRS**0.5) + 1
    grain = Grain(elements=2 * most)
    nested = [
        Footprint.of([Extent(TENSORS[0], n, 2 * most - n, grain)]) for n in range(most)
    ]

    with pytest.raises(InputError, match="overlap too much"):
        parcels(nested)


def test_a_parcel_names_its_owners_in_order_after_those_alone() -> None:
    first, second, third = (
        Footprint.of([Extent(TENSORS[0], start, end, FILE)])
        for start, end in ((0, 30), (20, 50), (25, 60))
    )

    cut = parcels([first, second, third])

    assert cut[:3] == [((0,), 20), ((1,), 0), ((2,), 10)]
    assert sorted(cut[3:]) == [((0, 1), 5), ((0, 1, 2), 5), ((1, 2), 20)]
    assert parcels([]) == []
    assert parcels([Footprint.of([])]) == [((0,), 0)]


def test_equal_sizes_of_different_owners_are_kept_apart() -> None:
    """Two shared parcels of a tensor, and one of another with the same owners."""
    both = [TENSORS[0], TENSORS[2]]
    one = Footprint.of([Extent(t, 0, 10, FILE) for t in both])
    other = Footprint.of([Extent(t, 5, 20, FILE) for t in both])
    third = Footprint.of([Extent(TENSORS[0], 15, 30, FILE)])

    cut = parcels([one, other, third])

    assert cut[:3] == [((0,), 10), ((1,), 15), ((2,), 10)]
    assert sorted(cut[3:]) == [((0, 1), 10), ((1, 2), 5)]


def test_as_many_bytes_as_fit_are_counted() -> None:
    """Two to the power of 62 bytes are too many, and one less is not."""
    longest = 2**62 - 2**10  # the next number below that a double can tell apart
    huge = Footprint(stored(TENSORS[0], 0, longest, 1 << 8 | 8))

    assert parcels([huge]) == [((0,), longest)]
    with pytest.raises(InputError, match="too large"):
        parcels([Footprint(stored(TENSORS[0], 0, 2**62, 1 << 8 | 8))])
