"""Parcels cut footprints exactly: every byte lies in one, with all who show it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access.footprints import Extent, Footprint
from strongroom.access.parcels import parcels
from strongroom.errors import InputError

# Two of these share their first half, as two HMACs would once in 2**64.
TENSORS = [b"\1" * 16, b"\1" * 15 + b"\2", b"\2" * 16]

extents = st.builds(
    lambda tensor, start, length: Extent(tensor, start, start + length),
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

    assert {p.cover: p.bytes for p in cut if p.bytes} == wanted
    assert [p.cover for p in cut[: len(footprints)]] == [
        1 << n for n in range(len(footprints))
    ]


def test_segments_of_one_plan_are_their_own_parcels() -> None:
    plan = [Footprint.of([Extent(TENSORS[0], n * 10, n * 10 + 10)]) for n in range(9)]

    assert [p.bytes for p in parcels(plan)] == [10] * 9


def test_footprints_too_large_to_add_exactly_are_refused() -> None:
    """Sums are 64-bit integers; a wrapped one would read as an empty footprint."""
    huge = TENSORS[0] + bytes(8) + (2**63).to_bytes(8, "big")

    with pytest.raises(InputError, match="too large"):
        parcels([Footprint(huge)])


def test_offsets_too_large_to_compare_exactly_are_refused() -> None:
    """Few bytes, but so far out that positions would no longer fit 63 bits."""
    far = [bytes([n]) * 16 + (2**60 - 9).to_bytes(8, "big") for n in range(20)]
    forged = [
        Footprint(b"".join(row + (2**60 - end).to_bytes(8, "big") for row in far))
        for end in (0, 1)
    ]

    with pytest.raises(InputError, match="too large"):
        parcels(forged)
