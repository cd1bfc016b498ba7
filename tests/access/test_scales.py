"""What is held in any number type counts as the same elements do in another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access.exposure import Held
from strongroom.access.footprints import Extent, Footprint, Grain
from strongroom.access.parcels import parcels
from strongroom.access.scales import Scale
from tests.access.elements import (
    DENSER,
    FORMS,
    TENSORS,
    Form,
    cover_of,
    footprints,
    forms_of,
    shown,
    version_footprints,
    whole_versions,
)

several = st.lists(footprints(), max_size=5, unique=True)

INT8, HALF, SINGLE = Form(8, whole=True), Form(16), Form(32)


def part(form: Form, start: int, end: int) -> Footprint:
    """Return bytes of one tensor of 24 elements."""
    return Footprint.of([Extent(TENSORS[0], start, end, form.grain)])


def whole(form: Form) -> Footprint:
    return part(form, 0, form.grain.bytes)


@pytest.mark.parametrize(
    ("held", "opened", "counted"),
    [
        (part(INT8, 0, 6), HALF, 12),
        (part(INT8, 0, 6), SINGLE, 24),
        (part(SINGLE, 0, 24), INT8, 6),
        (part(HALF, 0, 12), HALF, 12),
        (part(HALF, 3, 4), HALF, 1),
        (part(HALF, 3, 4), SINGLE, 4),
        (part(Form(6), 0, 1), HALF, 4),
        (part(Form(6), 1, 2), Form(4), 2),
        (part(Form(4), 1, 2), HALF, 4),
        (part(HALF, 0, 2), Form(4), 1),
    ],
    ids=[
        "a quarter of int8 is a quarter of float16",
        "and of float32",
        "and the other way round",
        "the same type is the same bytes",
        "also inside an element",
        "which counts whole in another type",
        "a byte of six-bit elements lies in two of them",
        "of which the second shares a byte with the third",
        "a byte of four-bit elements is two elements",
        "of which one is half a byte, so a byte",
    ],
)
def test_a_part_counts_as_its_elements(
    held: Footprint, opened: Form, counted: int
) -> None:
    assert Held.of([held]).bytes_in(Scale.of([whole(opened)])) == counted


def test_the_same_elements_in_three_types_count_once() -> None:
    """Once, int8, then float16, then float32 let somebody know half of a model."""
    held = Held.of([part(INT8, 0, 6), part(HALF, 0, 12), part(SINGLE, 0, 24)])

    assert held.bytes_in(Scale.of([whole(SINGLE)])) == 24
    assert held.bytes_in(Scale.of([whole(INT8)])) == 6
    assert held.bytes_in(Scale()) == 24


def test_other_elements_in_other_types_add_up() -> None:
    held = Held.of([part(INT8, 0, 6), part(HALF, 12, 24), part(SINGLE, 48, 72)])

    assert held.bytes_in(Scale.of([whole(SINGLE)])) == 72


@pytest.mark.parametrize(
    "packed", [Form(8, holds=2, whole=True), Form(32, holds=8, whole=True)]
)
def test_four_bit_weights_in_wider_whole_numbers_are_four_bit_weights(
    packed: Form,
) -> None:
    """As bitsandbytes stores two to a U8, others eight to an I32, under one name."""
    quarter = part(packed, 0, packed.grain.bytes // 3)

    assert Held.of([quarter]).bytes_in(Scale.of([whole(HALF)])) == 16
    assert Held.of([part(HALF, 0, 16)]).bytes_in(Scale.of([whole(packed)])) == 4


def test_only_whole_numbers_hold_several_elements() -> None:
    """Half as many floats are the first half, not pairs of smaller numbers."""
    few = Extent(TENSORS[0], 0, 48, Grain(elements=12, bits=32))
    held = Held.of([Footprint.of([few])])

    assert held.bytes_in(Scale.of([whole(HALF)])) == 24


def test_a_longer_tensor_of_one_type_is_matched_by_its_first_elements() -> None:
    """A vocabulary that grew by a word; and a file that grew by a line."""
    old = Extent(TENSORS[0], 0, 40, Grain(elements=40, bits=16))
    new = old._replace(end=100, grain=Grain(elements=50, bits=16))

    held = Held.of([Footprint.of([old])])

    assert held.bytes_in(Scale.of([Footprint.of([new])])) == 40


def test_what_the_opened_version_does_not_have_is_counted_as_it_is() -> None:
    other = Footprint.of([Extent(TENSORS[2], 0, 24, HALF.grain)])
    held = Held.of([part(INT8, 0, 6), other])

    assert held.bytes_in(Scale.of([whole(SINGLE)])) == 24 + 24


@given(several, whole_versions())
def test_it_agrees_with_marking_every_element(
    held: list[Footprint], version: dict[bytes, Form]
) -> None:
    forms = forms_of(held, version)
    cover: dict[tuple[bytes, int], int] = {}
    for number, footprint in enumerate(held):
        for place in shown(footprint, forms):
            cover[place] = cover.get(place, 0) | 1 << number
    wanted: dict[int, int] = {}
    for bits in cover.values():
        wanted[bits] = wanted.get(bits, 0) + 1

    cut = parcels(held, Scale.of(version_footprints(version)))

    assert {cover_of(p): p.bytes for p in cut if p.bytes} == wanted
    assert [p.owners for p in cut[: len(held)]] == [(n,) for n in range(len(held))]


@given(
    st.lists(footprints([*FORMS, DENSER]), max_size=5, unique=True),
    whole_versions([*FORMS, DENSER]),
)
def test_it_never_counts_less_than_marking_every_element(
    held: list[Footprint], version: dict[bytes, Form]
) -> None:
    """Also where no element of one form is an element of the other."""
    forms = forms_of(held, version)
    every = set().union(*(shown(footprint, forms) for footprint in held))

    counted = Held.of(held).bytes_in(Scale.of(version_footprints(version)))

    assert counted >= len(every)


@given(several, whole_versions(), st.data())
def test_what_is_of_the_version_itself_counts_alike(
    held: list[Footprint], version: dict[bytes, Form], data: st.DataObject
) -> None:
    """Footprints of the scale are not turned; others that are equal must agree."""
    own = version_footprints(version)
    mixed = Held.of(
        [*held, *data.draw(st.lists(st.sampled_from(own or [whole(HALF)])))]
    )
    forms = forms_of(mixed.footprints, version)

    every = set().union(*(shown(f, forms) for f in mixed.footprints))

    assert mixed.bytes_in(Scale.of(own)) == len(every)


def test_the_longest_tensors_are_turned_exactly() -> None:
    """Eight TiB of four-bit elements are 2**52 bits of the widest."""
    small = Grain(elements=2**44, bits=4)
    wide = Grain(elements=2**37, bits=64)
    end = Extent(TENSORS[0], 2**43 - 1, 2**43, small)
    held = Held.of([Footprint.of([end])])

    turned = held.bytes_in(Scale.of([Footprint.of([Extent(TENSORS[0], 0, 8, wide)])]))

    assert turned == 16


def test_many_coordinates_are_told_apart() -> None:
    """Half of them share the first half of another, and fall into one bucket."""
    random = np.random.default_rng(7)
    names = [random.bytes(8) + random.bytes(8) for _ in range(300)]
    names += [name[:8] + random.bytes(8) for name in names]
    version = [Footprint.of([Extent(n, 0, 48, HALF.grain)]) for n in names[::2]]
    held = [Footprint.of([Extent(n, 0, 6, INT8.grain)]) for n in names]

    counted = Held.of(held).bytes_in(Scale.of(version))

    assert counted == 300 * 12 + 300 * 6


@pytest.mark.parametrize("bits", range(1, 65))
def test_elements_of_every_width_count_whole(bits: int) -> None:
    """One bit of an element that is known makes all of it known, in bytes."""
    grain = Grain(elements=16, bits=bits)
    first = Footprint.of([Extent(TENSORS[0], 0, 1, grain)])
    touched = -(-8 // bits)  # elements of which the first byte has a bit

    for wide in (8, 32, 64):
        opened = Grain(elements=16, bits=wide)
        scale = Scale.of([Footprint.of([Extent(TENSORS[0], 0, 1, opened)])])
        expected = 1 if bits == wide else touched * wide // 8
        assert Held.of([first]).bytes_in(scale) == expected


def test_a_version_of_nothing_has_no_grain_of_its_own() -> None:
    nothing = Scale.of([])
    held = Held.of([part(INT8, 0, 6)])

    assert nothing == Scale()
    assert held.bytes_in(nothing) == 6


def test_what_only_some_of_the_version_shows_is_turned_by_it_alone() -> None:
    """The version has two tensors; a third is held in two number types."""
    version = Scale.of(
        [
            Footprint.of([Extent(TENSORS[0], 0, 48, HALF.grain)]),
            Footprint.of([Extent(TENSORS[1], 0, 96, SINGLE.grain)]),
        ]
    )
    held = [Footprint.of([Extent(name, 0, 6, INT8.grain)]) for name in TENSORS]
    more = Footprint.of([Extent(TENSORS[2], 24, 36, SINGLE.grain)])

    assert Held.of(held[:1]).bytes_in(version) == 12
    assert Held.of(held[1:2]).bytes_in(version) == 24
    assert Held.of([held[2], more]).bytes_in(version) == 24 + 12
    assert Held.of([*held, more]).bytes_in(version) == 12 + 24 + 24 + 12
