"""Footprints cut into parcels: bytes that exactly the same footprints show.

Segments of one plan do not overlap, so nearly every parcel is a footprint, and
sums over parcels replace merging extents for every pair of accounts.  Extents
that do overlap, as those of two plans, are swept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from strongroom.access.footprints import ROW, Footprint
from strongroom.errors import InputError

_Numbers: TypeAlias = "npt.NDArray[np.uint64]"
_Rows: TypeAlias = "npt.NDArray[np.void]"
_Chain: TypeAlias = "list[tuple[int, int, int]]"  # owner, start, end


class Parcel(NamedTuple):
    """Bytes that exactly the same footprints show.

    Attributes:
        cover: Bit ``i`` is set when footprint ``i`` shows them.
        bytes: How many there are.
    """

    cover: int
    bytes: int


def parcels(footprints: Sequence[Footprint]) -> list[Parcel]:
    """Return the bytes of ``footprints`` cut so that each shows a parcel or not.

    Args:
        footprints: Distinct footprints; their order numbers the bits.

    Returns:
        One parcel per footprint, in their order: the bytes that only it shows.
        Then the shared ones.

    Raises:
        InputError: Together they are too large to compare exactly.
    """
    rows, owner = _all_rows(footprints)
    alone = _sizes(rows, owner, len(footprints))
    shared: dict[int, int] = {}
    for chain in _chains(rows, owner):
        for who, start, end in chain:
            alone[who] -= end - start
        _sweep(chain, shared)
    for cover in [c for c in shared if c.bit_count() == 1]:
        alone[cover.bit_length() - 1] += shared.pop(cover)
    return [
        *(Parcel(1 << who, size) for who, size in enumerate(alone)),
        *(Parcel(cover, size) for cover, size in sorted(shared.items())),
    ]


def _all_rows(footprints: Sequence[Footprint]) -> tuple[_Rows, _Numbers]:
    """Return all extents and, for each, the number of its footprint."""
    rows = np.frombuffer(b"".join(f.encoded for f in footprints), dtype=ROW)
    counts = [len(f.encoded) // ROW.itemsize for f in footprints]
    return rows, np.repeat(np.arange(len(counts), dtype=np.uint64), counts)


def _sizes(rows: _Rows, owner: _Numbers, count: int) -> list[int]:
    """Return the bytes of each footprint.

    Raises:
        InputError: Their sum does not fit 63 bits.
    """
    lengths = rows["end"].astype(np.uint64) - rows["start"].astype(np.uint64)
    if float(lengths.sum(dtype=np.float64)) >= 2.0**62:
        raise InputError("footprints are too large to compare")
    running = np.zeros(len(lengths) + 1, dtype=np.uint64)
    np.cumsum(lengths, out=running[1:])
    edges = np.searchsorted(owner, np.arange(count + 1, dtype=np.uint64))
    sizes: list[int] = np.diff(running[edges]).tolist()
    return sizes


def _sweep(chain: _Chain, sizes: dict[int, int]) -> None:
    """Add the bytes of overlapping extents to ``sizes``, by who covers them."""
    events = [(start, 1 << owner) for owner, start, _ in chain]
    events += [(end, 1 << owner) for owner, _, end in chain]
    cover = last = 0
    for position, bit in sorted(events):
        if cover and position > last:
            sizes[cover] = sizes.get(cover, 0) + position - last
        cover ^= bit
        last = position


def _chains(rows: _Rows, owner: _Numbers) -> Iterator[_Chain]:
    """Yield groups of extents that overlap one another; most overlap nothing."""
    high = rows["high"].astype(np.uint64)
    # Half a coordinate is enough to set aside the tensors that occur once.
    suspect = np.flatnonzero(_repeated(high))
    low, start, end = (
        rows[name][suspect].astype(np.uint64) for name in ("low", "start", "end")
    )
    high = high[suspect]
    order = np.lexsort((start, low, high))
    chain = _chain_numbers(high[order], low[order], start[order], end[order])
    inside = _repeated(chain)
    keep = order[inside]
    yield from _grouped(chain[inside], owner[suspect][keep], start[keep], end[keep])


def _repeated(values: _Numbers) -> npt.NDArray[np.bool_]:
    """Return which of ``values`` occur more than once."""
    ordered = np.sort(values)  # 4x an argsort: most often nothing occurs twice
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if not len(twice):
        return np.zeros(len(values), dtype=bool)
    at = np.minimum(np.searchsorted(twice, values), len(twice) - 1)
    repeated: npt.NDArray[np.bool_] = twice[at] == values
    return repeated


def _chain_numbers(
    high: _Numbers, low: _Numbers, start: _Numbers, end: _Numbers
) -> _Numbers:
    """Return one number per chain of overlapping extents, for sorted extents.

    Each coordinate gets a stretch of one line, so that a single running maximum
    finds every extent that begins before an earlier one of its tensor has ended.

    Raises:
        InputError: The line would be longer than 63 bits.
    """
    if not len(high):
        return high
    fresh = np.ones(len(high), dtype=bool)
    fresh[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    stretch = (np.cumsum(fresh) - 1).astype(np.uint64)
    longest = int(end.max())
    if longest * (int(stretch[-1]) + 1) >= 2**63:
        raise InputError("footprints are too large to compare")
    base = stretch * np.uint64(longest)
    reach = np.maximum.accumulate(base + end)
    fresh[1:] = reach[:-1] <= (base + start)[1:]
    return np.cumsum(fresh).astype(np.uint64)


def _grouped(
    chain: _Numbers, owner: _Numbers, start: _Numbers, end: _Numbers
) -> Iterator[_Chain]:
    """Yield the extents of each chain; equal chain numbers are neighbours."""
    cuts = np.flatnonzero(chain[1:] != chain[:-1]) + 1
    extents = list(zip(owner.tolist(), start.tolist(), end.tolist(), strict=True))
    edges = [0, *cuts.tolist(), len(extents)]
    for first, last in pairwise(edges):
        if last > first:
            yield extents[first:last]
