"""Tensors in every number type, and a model that marks each element by itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from hypothesis import strategies as st

from strongroom.access.footprints import Extent, Footprint, Grain
from strongroom.access.parcels import Parcel

ELEMENTS = 24
"""Of every tensor; a multiple of eight, so that each form fills whole bytes."""

# Two of these share their first half, as two HMACs would once in 2**64.
TENSORS = [b"\1" * 16, b"\1" * 15 + b"\2", b"\2" * 16]

Shown: TypeAlias = "set[tuple[bytes, int]]"


@dataclass(frozen=True)
class Form:
    """A number type: bits of what is stored, and how many elements that holds."""

    bits: int
    holds: int = 1
    whole: bool = False

    @property
    def grain(self) -> Grain:
        """Of a tensor of ``ELEMENTS`` in this form."""
        return Grain(elements=ELEMENTS // self.holds, bits=self.bits, whole=self.whole)

    def touched(self, at: int) -> set[int]:
        """Return the elements that lie in the byte at an offset."""
        width = self.bits // self.holds
        return {
            e
            for e in range(ELEMENTS)
            if e * width < 8 * at + 8 and e * width + width > 8 * at
        }

    def bytes_of(self, element: int) -> set[int]:
        """Return the offsets of the bytes in which an element lies."""
        return {at for at in range(self.grain.bytes) if element in self.touched(at)}


FORMS = [
    Form(4), Form(6), Form(8), Form(8, whole=True), Form(16), Form(32), Form(64),
    Form(8, holds=2, whole=True), Form(32, holds=8, whole=True),
]  # fmt: skip

DENSER = Form(32, holds=4, whole=True)
"""Two densities of one wide type: what they have in common is no single element."""

BY_GRAIN = {form.grain: form for form in (*FORMS, DENSER)}


def extents_in(form: Form, tensor: bytes) -> st.SearchStrategy[Extent]:
    """Draw any range of bytes of a tensor in this form."""
    length = form.grain.bytes
    ends = st.tuples(st.integers(0, length), st.integers(0, length))
    return ends.filter(lambda pair: pair[0] != pair[1]).map(
        lambda pair: Extent(tensor, min(pair), max(pair), form.grain)
    )


@st.composite
def footprints(draw: st.DrawFn, forms: list[Form] = FORMS) -> Footprint:
    """Draw a footprint: each of its tensors in one form."""
    extents: list[Extent] = []
    for tensor in draw(st.lists(st.sampled_from(TENSORS), unique=True)):
        form = draw(st.sampled_from(forms))
        extents += draw(st.lists(extents_in(form, tensor), max_size=3))
    return Footprint.of(extents)


def whole_versions(
    forms: list[Form] = FORMS,
) -> st.SearchStrategy[dict[bytes, Form]]:
    """Draw a version: its tensors, each in some form."""
    return st.dictionaries(st.sampled_from(TENSORS), st.sampled_from(forms))


def version_footprints(version: dict[bytes, Form]) -> list[Footprint]:
    """Return the segments of a version: each tensor cut in two."""
    found = []
    for tensor, form in version.items():
        length, cut = form.grain.bytes, form.grain.bytes // 3 + 1
        for start, end in ((0, cut), (cut, length)):
            found.append(Footprint.of([Extent(tensor, start, end, form.grain)]))
    return found


def forms_of(
    held: Iterable[Footprint], version: dict[bytes, Form]
) -> dict[bytes, Form]:
    """Return in which form each tensor counts: the version's, else the longest."""
    found = dict(version)
    for extent in (e for footprint in held for e in footprint.extents):
        form = BY_GRAIN[extent.grain]
        if extent.coordinate not in version:
            known = found.setdefault(extent.coordinate, form)
            longest = max(known, form, key=lambda f: f.grain.elements * f.grain.bits)
            found[extent.coordinate] = longest
    return found


def shown(footprint: Footprint, forms: dict[bytes, Form]) -> Shown:
    """Return every byte that is known of the tensors in these forms, by itself.

    A byte of the same width is that byte; of another, its elements are marked, and
    every byte in which one of them lies is known.
    """
    found: Shown = set()
    for tensor, start, end, grain in footprint.extents:
        form, target = BY_GRAIN[grain], forms[tensor]
        offsets = set(range(start, end))
        if form.bits // form.holds != target.bits // target.holds:
            marked = {e for at in offsets for e in form.touched(at)}
            offsets = {at for e in marked for at in target.bytes_of(e)}
        found |= {(tensor, at) for at in offsets}
    return found


def cover_of(parcel: Parcel) -> int:
    """Return the footprints that show a parcel as bits, each of them once."""
    assert list(parcel.owners) == sorted(set(parcel.owners))
    return sum(1 << number for number in parcel.owners)
