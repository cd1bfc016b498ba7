"""A footprint has one encoding, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access.footprints import (
    MOST_BYTES,
    MOST_EXTENTS,
    Extent,
    Footprint,
    coordinate,
)
from strongroom.errors import InputError, IntegrityError
from strongroom.types import Secret

KEY = Secret(bytes(range(32)))
TENSORS = [bytes([n]) * 16 for n in range(4)]

extents = st.builds(
    lambda tensor, start, length: Extent(tensor, start, start + length),
    st.sampled_from(TENSORS),
    st.integers(0, 60),
    st.integers(1, 20),
)
footprints = st.builds(Footprint.of, st.lists(extents, max_size=12))


def shown(footprint: Footprint) -> set[tuple[bytes, int]]:
    """Every byte on its own; the ten-line model of a footprint."""
    return {
        (e.coordinate, at) for e in footprint.extents for at in range(e.start, e.end)
    }


@given(st.lists(extents, max_size=12))
def test_it_shows_the_bytes_of_its_extents_and_no_others(given_: list[Extent]) -> None:
    footprint = Footprint.of(given_)

    wanted = {(e.coordinate, at) for e in given_ for at in range(e.start, e.end)}
    assert shown(footprint) == wanted
    assert footprint.bytes == len(wanted)


@given(footprints)
def test_what_is_written_is_read_again(footprint: Footprint) -> None:
    data = footprint.to_bytes()

    assert Footprint.from_bytes(data, digest=footprint.digest) == footprint
    assert len(data) == 32 * len(footprint.extents)


@given(st.lists(extents, max_size=12))
def test_the_same_bytes_have_one_digest(given_: list[Extent]) -> None:
    single = [
        Extent(e.coordinate, at, at + 1) for e in given_ for at in range(e.start, e.end)
    ]

    assert Footprint.of(reversed(single)).digest == Footprint.of(given_).digest


@given(footprints.filter(lambda f: f.extents), st.data())
def test_a_flipped_bit_anywhere_is_refused(
    footprint: Footprint, data: st.DataObject
) -> None:
    raw = bytearray(footprint.to_bytes())
    bit = data.draw(st.integers(0, 8 * len(raw) - 1))
    raw[bit // 8] ^= 1 << bit % 8

    with pytest.raises(IntegrityError):
        Footprint.from_bytes(bytes(raw), digest=footprint.digest)


@pytest.mark.parametrize(
    "rows",
    [
        [(TENSORS[0], 5, 5)],
        [(TENSORS[0], 5, 4)],
        [(TENSORS[0], 0, MOST_BYTES + 1)],
        [(TENSORS[0], 0, 2**64 - 1)],
        [(TENSORS[1], 0, 5), (TENSORS[0], 0, 5)],
        [(TENSORS[0], 6, 9), (TENSORS[0], 0, 5)],
        [(TENSORS[0], 0, 5), (TENSORS[0], 4, 9)],
        [(TENSORS[0], 0, 5), (TENSORS[0], 5, 9)],
        [(TENSORS[0], 0, 5), (TENSORS[0], 0, 5)],
        [(bytes(15) + b"\1", 0, 5), (bytes(16), 0, 5)],
    ],
    ids=[
        "empty",
        "reversed",
        "too long",
        "far too long",
        "tensors unsorted",
        "ranges unsorted",
        "overlapping",
        "touching",
        "twice",
        "low half unsorted",
    ],
)
def test_another_encoding_of_the_same_is_refused(
    rows: list[tuple[bytes, int, int]],
) -> None:
    """Its digest is right; somebody with the database could write both."""
    forged = Footprint(
        b"".join(c + s.to_bytes(8, "big") + e.to_bytes(8, "big") for c, s, e in rows)
    )

    with pytest.raises(IntegrityError):
        Footprint.from_bytes(forged.encoded, digest=forged.digest)


@pytest.mark.parametrize("length", [1, 31, 33, 32 * (MOST_EXTENTS + 1)])
def test_a_wrong_length_is_refused_before_it_is_hashed(length: int) -> None:
    with pytest.raises(IntegrityError, match="no footprint"):
        Footprint.from_bytes(bytes(length), digest=bytes(32))


@pytest.mark.parametrize(
    "extent",
    [
        Extent(bytes(15), 0, 1),
        Extent(bytes(16), 1, 1),
        Extent(bytes(16), -1, 1),
        Extent(bytes(16), 0, MOST_BYTES + 1),
    ],
)
def test_what_is_no_extent_is_refused(extent: Extent) -> None:
    with pytest.raises(InputError):
        Footprint.of([extent])


def test_a_coordinate_depends_on_every_part_of_the_name() -> None:
    names = [
        coordinate(KEY, path="a", tensor="b", dtype="F32"),
        coordinate(KEY, path="ab", tensor="", dtype="F32"),
        coordinate(KEY, path="a", tensor="b", dtype="F16"),
        coordinate(KEY, path="a", tensor=None, dtype=""),
        coordinate(KEY, path="a", tensor="", dtype=""),
        coordinate(Secret(bytes(32)), path="a", tensor="b", dtype="F32"),
    ]

    assert len(set(names)) == len(names)
    assert {len(name) for name in names} == {16}


def test_a_coordinate_is_the_same_in_every_version_of_strongroom() -> None:
    """Exposure is monotone: a changed coordinate would reset everybody's."""
    name = coordinate(KEY, path="model.safetensors", tensor="w", dtype="BF16")

    assert name.hex() == "20d5c88d63224172f447de102273cf27"
    assert (
        Footprint.of([Extent(name, 0, 8)]).digest.hex()
        == "1cbdf421483e95b87e26499a911cd2c7641e5d57ad2e3f0df9370718ec8dd641"
    )
