"""Footprints cut into parcels: bytes that exactly the same footprints show.

Segments of one plan do not overlap, so nearly every parcel is a footprint, and
sums over parcels replace merging extents for every pair of accounts.  Extents
that do overlap, as those of two plans or of two number types, are cut at every
end of one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from strongroom.access.footprints import Footprint
from strongroom.access.scales import Columns, Numbers, Scale, columns_of, rescale
from strongroom.errors import InputError

MOST_PAIRS: Final = 2**24
"""Of a piece between two cuts and a footprint that shows it; 0.5 GB of memory.

A thousand footprints of 150 extents, each overlapping nineteen others, make 10**6.
"""

_MOST_BUCKET_BITS = 20
_OWN = Scale()

_Sizes: TypeAlias = "npt.NDArray[np.int64]"
_Indices: TypeAlias = "npt.NDArray[np.intp]"


class Parcel(NamedTuple):
    """Bytes that exactly the same footprints show.

    Attributes:
        owners: Numbers of the footprints that show them, ascending.
        bytes: How many there are.
    """

    owners: tuple[int, ...]
    bytes: int


def parcels(footprints: Sequence[Footprint], scale: Scale = _OWN) -> list[Parcel]:
    """Return the bytes of ``footprints`` cut so that each shows a parcel or not.

    Args:
        footprints: Distinct footprints; their order numbers them.
        scale: In whose bytes to count; unless given, what is held of one tensor in
            several number types counts in the longest of them.

    Returns:
        One parcel per footprint, in their order: the bytes that only it shows.
        Then the shared ones.

    Raises:
        InputError: Together they are too large to compare exactly.
    """
    columns, owner = columns_of(footprints)
    repeated = _repeated(columns["high"])
    ours = np.array([f in scale.footprints for f in footprints], dtype=bool)
    rescale(columns, ours[owner], repeated, scale)
    alone = _sizes(columns, owner, len(footprints))
    pieces = _overlapping(
        {name: values[repeated] for name, values in columns.items()}, owner[repeated]
    )
    np.subtract.at(alone, pieces.owner, pieces.length)
    shared = _shared(_pairs(pieces, len(footprints)), alone)
    return [Parcel((who,), size) for who, size in enumerate(alone.tolist())] + shared


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Extents that overlap others, each tensor on its own stretch of one line.

    Attributes:
        owner: Number of the footprint of each.
        start: Where each begins on the line.
        end: Where it ends.
    """

    owner: _Indices
    start: Numbers
    end: Numbers

    @property
    def length(self) -> _Sizes:
        """Bytes of each."""
        return (self.end - self.start).astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Which footprint shows which piece of the line between two cuts.

    Attributes:
        atom: Number of the piece, ascending.
        owner: Number of the footprint, ascending for each piece.
        sizes: Bytes of each piece, by its number.
    """

    atom: _Indices
    owner: _Indices
    sizes: _Sizes


def _sizes(columns: Columns, owner: _Indices, count: int) -> _Sizes:
    """Return the bytes of each footprint.

    Raises:
        InputError: Their sum does not fit 63 bits.
    """
    lengths = columns["end"] - columns["start"]
    if float(lengths.sum(dtype=np.float64)) >= 2.0**62:
        raise InputError("footprints are too large to compare")
    sizes = np.zeros(count, dtype=np.int64)
    np.add.at(sizes, owner, lengths.astype(np.int64))
    return sizes


def _repeated(high: Numbers) -> _Indices:
    """Return the indices of values that may occur more than once.

    Halves of coordinates are as good as random, so few share a bucket by chance;
    counting buckets takes a third of the time of sorting.
    """
    bits = min(_MOST_BUCKET_BITS, len(high).bit_length() + 3)
    bucket = (high >> np.uint64(64 - bits)).astype(np.intp)
    return np.flatnonzero(np.bincount(bucket, minlength=1 << bits)[bucket] > 1)


def _overlapping(columns: Columns, owner: _Indices) -> _Pieces:
    """Return the extents that overlap another one of their tensor.

    Raises:
        InputError: The line would be longer than 63 bits.
    """
    order = np.lexsort((columns["start"], columns["low"], columns["high"]))
    high, low, start, end = (columns[n][order] for n in ("high", "low", "start", "end"))
    fresh = np.ones(len(high), dtype=bool)
    fresh[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    stretch = (np.cumsum(fresh) - 1).astype(np.uint64)
    longest = int(end.max(initial=0))
    if longest * (int(fresh.sum()) + 1) >= 2**63:
        raise InputError("footprints are too large to compare")
    start, end = (
        start + stretch * np.uint64(longest),
        end + stretch * np.uint64(longest),
    )
    # A single running maximum finds every extent that begins before an earlier one
    # of its tensor has ended; such extents make a chain.
    fresh[1:] = np.maximum.accumulate(end)[:-1] <= start[1:]
    chain = np.cumsum(fresh) - 1
    inside = np.bincount(chain)[chain] > 1 if len(chain) else fresh
    return _Pieces(owner[order][inside], start[inside], end[inside])


def _pairs(pieces: _Pieces, footprints: int) -> _Pairs:
    """Return which footprints show which piece of the line.

    Raises:
        InputError: There are more than ``MOST_PAIRS``.
    """
    cuts = np.unique(np.concatenate((pieces.start, pieces.end)))
    first = np.searchsorted(cuts, pieces.start)
    counts = np.searchsorted(cuts, pieces.end) - first
    total = int(counts.sum())
    if total > MOST_PAIRS:
        raise InputError("footprints overlap too much to compare")
    before = np.cumsum(counts) - counts
    atom = np.arange(total) + np.repeat(first - before, counts)
    keys = atom * footprints + np.repeat(pieces.owner, counts)
    keys.sort(kind="stable")  # nearly in order already
    # Once each: turned extents of one footprint may overlap where they were cut.
    atom, owner = np.divmod(keys[_first_of_each(keys)], max(footprints, 1))
    return _Pairs(atom=atom, owner=owner, sizes=np.diff(cuts).astype(np.int64))


def _shared(pairs: _Pairs, alone: _Sizes) -> list[Parcel]:
    """Return what several footprints show; add what one shows to ``alone``."""
    first = np.flatnonzero(_first_of_each(pairs.atom))
    counts = np.diff(first, append=len(pairs.atom))
    sizes = pairs.sizes[pairs.atom[first]]
    shared: list[Parcel] = []
    for count in np.unique(counts).tolist():
        chosen = counts == count
        rows = pairs.owner[first[chosen][:, None] + np.arange(count)]
        if count == 1:
            np.add.at(alone, rows[:, 0], sizes[chosen])
            continue
        one, which = _grouped(rows, len(alone))
        totals = np.zeros(len(one), dtype=np.int64)
        np.add.at(totals, which, sizes[chosen])
        owners = map(tuple, rows[one].tolist())
        shared += map(Parcel, owners, totals.tolist())
    return shared


def _grouped(rows: _Indices, footprints: int) -> tuple[_Indices, _Indices]:
    """Return the index of one row of each kind, and the kind of every row.

    Args:
        rows: Shape (n, columns), numbers of footprints.
        footprints: How many there are; every number is below.
    """
    key, bound = rows[:, 0], footprints
    for column in rows.T[1:]:
        if bound * footprints >= 2**62:  # numbered anew, so that no key wraps
            _, key = np.unique(key, return_inverse=True)
            bound = len(rows)
        key, bound = key * footprints + column, bound * footprints
    _, one, which = np.unique(key, return_index=True, return_inverse=True)
    return one, which


def _first_of_each(ordered: _Indices) -> npt.NDArray[np.bool_]:
    """Return which values differ from the one before."""
    first = np.ones(len(ordered), dtype=bool)
    first[1:] = ordered[1:] != ordered[:-1]
    return first
