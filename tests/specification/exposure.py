"""A second reader of coordinates and footprints, from the page on exposure alone."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from tests.specification.pages import digest, encode, mac, must

EXTENT, NAME, MOST_EXTENTS = 40, 16, 1_000_000
MOST_BYTES, MOST_BITS = 2**43, 64


class Extent(NamedTuple):
    """A range of bytes of one tensor or file, and what that consists of."""

    name: bytes
    start: int
    end: int
    elements: int
    bits: int
    whole: bool


def coordinate(key: bytes, place: str, tensor: str | None, *, alone: bool) -> bytes:
    """Return what stands for a tensor, or for a file if ``tensor`` is none."""
    kind = 0 if tensor is None else 1 if alone else 2
    fields = encode("strongroom/v1/coordinate", place, kind, tensor or "")
    return mac(key, fields)[:NAME]


def footprint(encoded: bytes, name: bytes) -> list[Extent]:
    """Return the extents of a footprint.

    Raises:
        RefusedError: It has another digest, or breaks a rule.
    """
    must(len(encoded) % EXTENT == 0, "40 bytes an extent")
    must(len(encoded) <= EXTENT * MOST_EXTENTS, "too many extents")
    must(digest("strongroom/v1/footprint", encoded) == name, "another digest")
    found = [extent(encoded[at:][:EXTENT]) for at in range(0, len(encoded), EXTENT)]
    for one, other in pairwise(found):
        must(one.name <= other.name, "out of order")
        if one.name == other.name:
            must(one[3:] == other[3:], "one tensor of two types")
            must(one.end < other.start, "overlapping, or touching")
    return found


def extent(data: bytes) -> Extent:
    """Return one extent."""
    start, end, grain = (int.from_bytes(data[at:][:8], "big") for at in (16, 24, 32))
    elements, bits = grain >> 8, grain & 0x7F
    must(elements >= 1 and 1 <= bits <= MOST_BITS, "an element that nothing has")
    must(start < end <= min(-(-elements * bits // 8), MOST_BYTES), "its range")
    must(-(-elements * bits // 8) <= MOST_BYTES, "over 8 TiB")
    return Extent(data[:NAME], start, end, elements, bits, bool(grain & 0x80))
