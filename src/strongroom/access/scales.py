"""One unit for all that is held: the elements of the version that is opened.

The same weights in another number type have other lengths.  So before extents are
united and compared, each is turned into the bytes that the same elements have in
the version that is asked for: a quarter of an int8 version is a quarter of the
float16 one.  A cut inside an element counts as the whole element.

What the opened version does not have is counted in the widest form that is held of
it.  All of it is exact arithmetic on integers.

Source: ``docs/decisions/0018-what-is-held-is-counted-in-elements.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from strongroom.access.footprints import (
    GRAIN_BITS,
    GRAIN_SHIFT,
    GRAIN_WHOLE,
    ROW,
    Footprint,
)

Numbers: TypeAlias = "npt.NDArray[np.uint64]"
Columns: TypeAlias = "Mapping[str, Numbers]"
"""The fields of ``ROW``, each an array of u64 with one value an extent."""

NAMES: Final = ("high", "low", "start", "end", "grain")

_EIGHT = np.uint64(8)


@dataclass(frozen=True, slots=True)
class Scale:
    """The grain that each tensor and file has in the version that is opened.

    Attributes:
        footprints: All that the version consists of; they need no turning.
    """

    footprints: frozenset[Footprint] = frozenset()
    _columns: Columns = field(init=False, repr=False, compare=False)
    _bucket: npt.NDArray[np.intp] = field(init=False, repr=False, compare=False)
    _shift: np.uint64 = field(init=False, repr=False, compare=False)
    _fullest: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sort the coordinates, and note where those of each bucket begin."""
        columns, _ = columns_of(self.footprints)
        order = np.lexsort((columns["grain"], columns["low"], columns["high"]))
        ordered = {name: columns[name][order] for name in ("high", "low", "grain")}
        last = _last_of_each(ordered["high"], ordered["low"])
        kept = {name: values[last] for name, values in ordered.items()}
        bits = len(kept["high"]).bit_length() + 1
        edges = np.arange(2**bits, dtype=np.uint64) << np.uint64(64 - bits)
        bucket = np.searchsorted(kept["high"], edges)
        sizes = np.diff(bucket, append=len(kept["high"]))
        object.__setattr__(self, "_shift", np.uint64(64 - bits))
        object.__setattr__(self, "_columns", kept)
        object.__setattr__(self, "_bucket", bucket)
        object.__setattr__(self, "_fullest", int(sizes.max()))

    @classmethod
    def of(cls, footprints: Iterable[Footprint]) -> Scale:
        """Return the scale of a version that consists of ``footprints``."""
        return cls(frozenset(footprints))

    def grains(
        self, high: Numbers, low: Numbers, grain: Numbers
    ) -> tuple[Numbers, npt.NDArray[np.bool_]]:
        """Return the grain in which to count each extent, and whether it is ours.

        Args:
            high: First half of the coordinate of each.
            low: Second half.
            grain: Its own, in which it counts if the version does not have it.
        """
        ours, target = self._columns, grain.copy()
        known = np.zeros(len(high), dtype=bool)
        first = self._bucket[(high >> self._shift).astype(np.intp)]
        for step in range(self._fullest):
            at = np.minimum(first + step, len(ours["high"]) - 1)
            found = (ours["high"][at] == high) & (ours["low"][at] == low)
            target[found] = ours["grain"][at[found]]
            known |= found
        return target, known


def columns_of(
    footprints: Iterable[Footprint],
) -> tuple[dict[str, Numbers], npt.NDArray[np.intp]]:
    """Return all extents by column and, for each, the number of its footprint."""
    encoded = [footprint.encoded for footprint in footprints]
    # All bytes swapped in one run: a fifth of doing it field by field.
    values = np.frombuffer(b"".join(encoded), dtype=">u8").astype(np.uint64)
    table = np.ascontiguousarray(values.reshape(-1, len(NAMES)).T)
    columns = dict(zip(NAMES, table, strict=True))
    counts = [len(data) // ROW.itemsize for data in encoded]
    return columns, np.repeat(np.arange(len(counts)), counts)


def rescale(
    columns: dict[str, Numbers],
    own: npt.NDArray[np.bool_],
    repeated: npt.NDArray[np.intp],
    scale: Scale,
) -> None:
    """Turn ``start`` and ``end`` of extents into one unit for each coordinate.

    Args:
        columns: Extents; changed in place.
        own: Which of them belong to footprints of the scale itself.
        repeated: Indices of those whose coordinate may occur more than once.
        scale: Of the version that is opened.
    """
    if bool(own.all()):
        return
    high, low, grain = (columns[name] for name in ("high", "low", "grain"))
    target, known = scale.grains(high, low, grain)
    target[own], known[own] = grain[own], True
    rest = repeated[~known[repeated]]
    target[rest] = _longest(high[rest], low[rest], grain[rest])
    other = np.flatnonzero(target != columns["grain"])
    if len(other):
        columns["start"][other], columns["end"][other] = _turned(
            columns["start"][other],
            columns["end"][other],
            columns["grain"][other],
            target[other],
        )


def _longest(high: Numbers, low: Numbers, grain: Numbers) -> Numbers:
    """Return for each extent the grain that is longest among its coordinate's."""
    if not len(grain):
        return grain
    length = _bits(grain) * (grain >> np.uint64(GRAIN_SHIFT))
    order = np.lexsort((grain, length, low, high))
    last = _last_of_each(high[order], low[order])
    group = np.concatenate(([0], np.cumsum(last[:-1])))
    longest: Numbers = np.empty_like(grain)
    longest[order] = grain[order][last][group]
    return longest


def _last_of_each(high: Numbers, low: Numbers) -> npt.NDArray[np.bool_]:
    """Return which of sorted coordinates are followed by another one."""
    last = np.ones(len(high), dtype=bool)
    last[:-1] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    return last


def _turned(
    start: Numbers, end: Numbers, grain: Numbers, target: Numbers
) -> tuple[Numbers, Numbers]:
    """Return where the elements of these extents lie in tensors of another grain.

    Nothing overflows: an end is at most 2**43 bytes, so 2**46 elements of a bit,
    and 2**52 bits of the widest.
    """
    here = _width(grain, target)
    there = _width(target, grain)
    first = start * _EIGHT // here
    last = (end * _EIGHT + here - np.uint64(1)) // here
    same = here == there
    return (
        np.where(same, start, first * there // _EIGHT),
        np.where(same, end, (last * there + np.uint64(7)) // _EIGHT),
    )


def _width(grain: Numbers, other: Numbers) -> Numbers:
    """Return the bits of one element that both tensors have.

    Whole numbers may hold several smaller ones: of a tensor that has half as many
    as its counterpart, each is two.  That is how four-bit weights are stored in
    files that know no such type.
    """
    bits = _bits(grain)
    mine, theirs = grain >> np.uint64(GRAIN_SHIFT), other >> np.uint64(GRAIN_SHIFT)
    times, rest = np.divmod(theirs, mine)
    times = np.maximum(times, np.uint64(1))  # 0 where the other one has fewer
    packed = (grain & np.uint64(GRAIN_WHOLE) != 0) & (rest == 0) & (bits % times == 0)
    return np.where(packed, bits // times, bits)


def _bits(grain: Numbers) -> Numbers:
    return grain & np.uint64(GRAIN_BITS)
