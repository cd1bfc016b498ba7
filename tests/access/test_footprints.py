"""A footprint has one encoding, and nothing else is taken for one."""

from __future__ import annotations

import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom import canonical
from strongroom.access.footprints import (
    MOST_BYTES,
    MOST_EXTENTS,
    Extent,
    Footprint,
    Grain,
    coordinate,
    read_footprints,
)
from strongroom.errors import InputError, IntegrityError
from strongroom.types import Secret

KEY = Secret(bytes(range(32)))
TENSORS = [bytes([n]) * 16 for n in range(4)]
FILE = Grain(elements=80)
LARGE = 80 << 8 | 8  # the same as it is stored

extents = st.builds(
    lambda tensor, start, length: Extent(tensor, start, start + length, FILE),
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
    assert len(data) == 40 * len(footprint.extents)


@given(st.lists(footprints, max_size=5))
def test_several_are_read_at_once_as_each_alone(several: list[Footprint]) -> None:
    stored = [(f.to_bytes(), f.digest) for f in several]

    assert read_footprints(stored) == several


@given(st.lists(extents, max_size=12))
def test_the_same_bytes_have_one_digest(given_: list[Extent]) -> None:
    single = [
        e._replace(start=at, end=at + 1) for e in given_ for at in range(e.start, e.end)
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
        [(TENSORS[0], 5, 5, LARGE)],
        [(TENSORS[0], 5, 4, LARGE)],
        [(TENSORS[0], 0, 81, LARGE)],
        [(TENSORS[0], 0, 2**64 - 1, LARGE)],
        [(TENSORS[0], 0, MOST_BYTES + 1, (MOST_BYTES + 1) << 8 | 8)],
        [(TENSORS[0], 0, 8, 80 << 8)],
        [(TENSORS[0], 0, 8, 80 << 8 | 65)],
        [(TENSORS[0], 0, 8, 8)],
        [(TENSORS[0], 0, 8, (2**56 - 1) << 8 | 64)],
        [(TENSORS[1], 0, 5, LARGE), (TENSORS[0], 0, 5, LARGE)],
        [(TENSORS[0], 6, 9, LARGE), (TENSORS[0], 0, 5, LARGE)],
        [(TENSORS[0], 0, 5, LARGE), (TENSORS[0], 4, 9, LARGE)],
        [(TENSORS[0], 0, 5, LARGE), (TENSORS[0], 5, 9, LARGE)],
        [(TENSORS[0], 0, 5, LARGE), (TENSORS[0], 0, 5, LARGE)],
        [(TENSORS[0], 0, 5, LARGE), (TENSORS[0], 6, 9, 80 << 8 | 16)],
        [(bytes(15) + b"\1", 0, 5, LARGE), (bytes(16), 0, 5, LARGE)],
    ],
    ids=[
        "empty",
        "reversed",
        "beyond the tensor",
        "far beyond it",
        "too long",
        "of no bits",
        "of too many bits",
        "of no elements",
        "of more than can be multiplied",
        "tensors unsorted",
        "ranges unsorted",
        "overlapping",
        "touching",
        "twice",
        "of two grains",
        "low half unsorted",
    ],
)
def test_another_encoding_of_the_same_is_refused(
    rows: list[tuple[bytes, int, int, int]],
) -> None:
    """Its digest is right; somebody with the database could write both."""
    forged = Footprint(
        b"".join(c + b"".join(n.to_bytes(8, "big") for n in rest) for c, *rest in rows)
    )

    with pytest.raises(IntegrityError):
        Footprint.from_bytes(forged.encoded, digest=forged.digest)
    good = Footprint.of([Extent(TENSORS[2], 0, 9, FILE)])
    with pytest.raises(IntegrityError):  # wherever it stands among others
        read_footprints([(f.encoded, f.digest) for f in (good, forged, good)])


@pytest.mark.parametrize("length", [1, 39, 41, 32, 40 * (MOST_EXTENTS + 1)])
def test_a_wrong_length_is_refused_before_it_is_hashed(length: int) -> None:
    with pytest.raises(IntegrityError, match="no footprint"):
        Footprint.from_bytes(bytes(length), digest=bytes(32))


@pytest.mark.parametrize(
    "extent",
    [
        Extent(bytes(15), 0, 1, FILE),
        Extent(bytes(16), 1, 1, FILE),
        Extent(bytes(16), -1, 1, FILE),
        Extent(bytes(16), 0, 81, FILE),
        Extent(bytes(16), 0, 1, Grain(elements=MOST_BYTES + 1)),
        Extent(bytes(16), 0, 1, Grain(elements=0)),
        Extent(bytes(16), 0, 1, Grain(elements=1, bits=0)),
        Extent(bytes(16), 0, 1, Grain(elements=1, bits=65)),
    ],
)
def test_what_is_no_extent_is_refused(extent: Extent) -> None:
    with pytest.raises(InputError):
        Footprint.of([extent])


def test_one_tensor_in_two_number_types_is_no_footprint() -> None:
    """One version has one file with the tensor; a mixture has no length."""
    whole = Extent(TENSORS[0], 0, 80, FILE)

    with pytest.raises(InputError, match="two number types"):
        Footprint.of([whole, whole._replace(grain=Grain(elements=80, bits=16))])


@pytest.mark.parametrize(
    ("grain", "length"),
    [
        (Grain(elements=7), 7),
        (Grain(elements=7, bits=4), 4),
        (Grain(elements=4, bits=6), 3),
        (Grain(elements=5, bits=64, whole=True), 40),
    ],
)
def test_a_grain_knows_how_long_its_tensor_is(grain: Grain, length: int) -> None:
    footprint = Footprint.of([Extent(TENSORS[0], 0, length, grain)])

    assert grain.bytes == length == footprint.bytes
    assert footprint.extents[0].grain == grain


def test_a_coordinate_depends_on_every_part_of_the_name() -> None:
    names = [
        coordinate(KEY, place="a", tensor="b"),
        coordinate(KEY, place="a", tensor="b", alone=False),
        coordinate(KEY, place="ab", tensor=""),
        coordinate(KEY, place="a", tensor=None),
        coordinate(KEY, place="a", tensor=""),
        coordinate(Secret(bytes(32)), place="a", tensor="b"),
    ]

    assert len(set(names)) == len(names)
    assert {len(name) for name in names} == {16}


def test_a_coordinate_is_the_same_in_every_version_of_strongroom() -> None:
    """Exposure is monotone: a changed coordinate would reset everybody's."""
    name = coordinate(KEY, place="", tensor="w")
    extent = Extent(name, 0, 8, Grain(elements=4, bits=16))

    assert name.hex() == "7b7effa63e9bb2591163d749a51ac303"
    assert Footprint.of([extent]).digest.hex() == (
        "b4ca54802fac23d07837b19ad00452f27030312658201a70652218d4d1dafb02"
    )


def test_an_extent_is_written_as_five_numbers() -> None:
    """The page about exposure says so; another program has to read it."""
    whole = Grain(elements=0x0102, bits=8, whole=True)
    shown_part = Footprint.of([Extent(TENSORS[1], 3, 9, whole)])

    assert shown_part.to_bytes().hex() == (
        "01" * 16 + "0000000000000003" + "0000000000000009" + "0000000000010288"
    )
    assert shown_part.extents == (Extent(TENSORS[1], 3, 9, whole),)
    assert shown_part.digest == canonical.digest(
        "strongroom/v1/footprint", shown_part.to_bytes()
    )
    assert Grain(elements=7) == (7, 8, False)


@pytest.mark.parametrize(
    ("tensor", "alone", "kind"), [(None, True, 0), ("w", True, 1), ("w", False, 2)]
)
def test_a_coordinate_is_half_of_a_published_mac(
    tensor: str | None, *, alone: bool, kind: int
) -> None:
    text = canonical.encode("strongroom/v1/coordinate", "place", kind, tensor or "")
    expected = hmac.digest(KEY.reveal(), text, "sha256")[:16]

    assert coordinate(KEY, place="place", tensor=tensor, alone=alone) == expected


@pytest.mark.parametrize(
    "extent",
    [
        Extent(TENSORS[0], MOST_BYTES - 1, MOST_BYTES, Grain(elements=MOST_BYTES)),
        Extent(TENSORS[0], 0, 1, Grain(elements=1, bits=1)),
        Extent(TENSORS[0], 0, 8, Grain(elements=1, bits=64)),
        Extent(TENSORS[0], 0, 1, Grain(elements=8 * MOST_BYTES, bits=1)),
        Extent(TENSORS[0], 0, MOST_BYTES, Grain(elements=MOST_BYTES // 8, bits=64)),
    ],
)
def test_what_lies_exactly_at_a_limit_is_written_and_read(extent: Extent) -> None:
    footprint = Footprint.of([extent])

    again = Footprint.from_bytes(footprint.to_bytes(), digest=footprint.digest)
    assert again.extents == (extent,)
    assert again.bytes == extent.end - extent.start


@pytest.mark.parametrize(
    "row",
    [
        (TENSORS[0], 0, 1, 8 * MOST_BYTES + 1 << 8 | 1),
        (TENSORS[0], 0, 1, (1 << 8 | 64) + 1),
        (TENSORS[0], 0, 9, 1 << 8 | 64),
        (TENSORS[0], 0, 2, 9 << 8 | 1 | 1 << 62),
    ],
)
def test_what_lies_one_beyond_a_limit_is_refused(row: tuple[Any, ...]) -> None:
    coordinate_, *numbers = row
    forged = Footprint(coordinate_ + b"".join(n.to_bytes(8, "big") for n in numbers))

    with pytest.raises(IntegrityError):
        Footprint.from_bytes(forged.encoded, digest=forged.digest)


def test_a_million_extents_are_read_up_to_their_digest() -> None:
    with pytest.raises(IntegrityError, match="not the one its digest names"):
        Footprint.from_bytes(bytes(40 * 1_000_000), digest=bytes(32))


@pytest.mark.parametrize("length", [0, 15, 17])
def test_a_coordinate_has_sixteen_bytes(length: int) -> None:
    with pytest.raises(InputError, match=f"has no {length} bytes"):
        Footprint.of([Extent(bytes(length), 0, 1, FILE)])


def test_extents_that_touch_are_one_and_those_of_others_are_not() -> None:
    first, other = TENSORS[:2]
    made = Footprint.of(
        [
            Extent(other, 5, 9, FILE),
            Extent(first, 5, 9, FILE),
            Extent(first, 0, 5, FILE),
            Extent(first, 10, 11, FILE),
            Extent(first, 1, 2, FILE),
        ]
    )

    assert made.extents == (
        Extent(first, 0, 9, FILE),
        Extent(first, 10, 11, FILE),
        Extent(other, 5, 9, FILE),
    )


def test_nothing_shows_nothing() -> None:
    nothing = Footprint.of([])

    assert (nothing.to_bytes(), nothing.bytes, nothing.extents) == (b"", 0, ())
    good = Footprint.of([Extent(TENSORS[0], 0, 9, FILE)])
    several = [nothing, good, nothing, nothing, good]
    assert read_footprints([(f.encoded, f.digest) for f in several]) == several
    assert read_footprints([]) == []
