"""What one segment shows of a model: byte ranges of its tensors and files.

Tensors and files are named by a blinded coordinate, so that neither the ledger
nor a table carries their names, and so that the same range of the same tensor
is recognised in the next version, also in another number type (``scales``).

Source: ``docs/explanation/exposure.md``.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from strongroom import canonical
from strongroom.errors import InputError, IntegrityError
from strongroom.types import Secret

COORDINATE_BYTES: Final = 16
"""128 bits: among 2**32 tensors, two share a coordinate with chance 2**-65."""

MOST_EXTENTS: Final = 1_000_000
"""Extents in one footprint; the largest published models have 10**5 tensors."""

MOST_BYTES: Final = 2**43
"""End of the longest tensor or file (8 TiB): sums of a footprint fit 63 bits."""

MOST_ELEMENT_BITS: Final = 64
"""Bits of the widest element, a complex or a 64-bit number."""

ROW: Final = np.dtype(
    [
        ("high", ">u8"),
        ("low", ">u8"),
        ("start", ">u8"),
        ("end", ">u8"),
        ("grain", ">u8"),
    ]
)
"""How an extent is stored: the halves of its coordinate, start, end, and grain.

A grain is its elements times 256, plus 128 for whole numbers, plus its bits.
"""

GRAIN_BITS: Final = 0x7F
GRAIN_WHOLE: Final = 0x80
GRAIN_SHIFT: Final = 8


class Grain(NamedTuple):
    """Of what a tensor or a file is made.

    Attributes:
        elements: How many there are, at least 1; of a file, its bytes.
        bits: Of one element, 1 to 64; of a file, 8.
        whole: Whether they are whole numbers, so that one may hold several smaller.
    """

    elements: int
    bits: int = 8
    whole: bool = False

    @property
    def bytes(self) -> int:
        """Length of the tensor or file, rounded up."""
        return -(-self.elements * self.bits // 8)


class Extent(NamedTuple):
    """The bytes ``start <= offset < end`` of one tensor or file.

    Attributes:
        coordinate: 16 bytes from ``coordinate``.
        start: Offset of the first byte in the tensor's or file's own bytes.
        end: Offset after the last byte.
        grain: Of the whole tensor or file.
    """

    coordinate: bytes
    start: int
    end: int
    grain: Grain


def coordinate(
    key: Secret, *, place: str, tensor: str | None, alone: bool = True
) -> bytes:
    """Return the 16 bytes that stand for one tensor, or for one whole file.

    Args:
        key: The room's key for coordinates; without it nobody can test guesses
            of names against the tables.
        place: Path of the file inside the artifact, or the folder of it for a
            tensor that is ``alone`` there: shards have other names in each version.
        tensor: Name of the tensor; None for a file's own bytes.
        alone: Whether no other file of the folder has a tensor of this name.
    """
    # A tensor named "" is not a file, and a folder may be called like a file.
    kind = 0 if tensor is None else 1 if alone else 2
    text = canonical.encode("strongroom/v1/coordinate", place, kind, tensor or "")
    return hmac.digest(key.reveal(), text, "sha256")[:COORDINATE_BYTES]


@dataclass(frozen=True, slots=True)
class Footprint:
    """What one segment shows of a model.

    Extents are sorted, do not overlap and do not touch, so footprints of the
    same bytes are equal and have one digest.

    Attributes:
        encoded: 40 bytes an extent, as ``ROW`` says.
    """

    encoded: bytes

    @classmethod
    def of(cls, extents: Iterable[Extent]) -> Footprint:
        """Return the footprint of ``extents``, which may overlap, in any order.

        Raises:
            InputError: An extent is empty, reversed or out of bounds, one tensor
                has two grains, or more than ``MOST_EXTENTS`` extents remain.
        """
        merged: list[Extent] = []
        for extent in sorted(extents):
            _check_extent(extent)
            last = merged[-1] if merged else None
            if last is None or last.coordinate != extent.coordinate:
                merged.append(extent)
            elif last.grain != extent.grain:
                raise InputError("one tensor cannot have two number types")
            elif last.end < extent.start:
                merged.append(extent)
            else:
                merged[-1] = last._replace(end=max(last.end, extent.end))
        if len(merged) > MOST_EXTENTS:
            raise InputError(f"a footprint has {len(merged)} of {MOST_EXTENTS} extents")
        return cls(b"".join(_row_bytes(extent) for extent in merged))

    @classmethod
    def from_bytes(cls, data: bytes, *, digest: bytes) -> Footprint:
        """Return the footprint that ``to_bytes`` wrote and ``digest`` names.

        Raises:
            IntegrityError: ``data`` has another digest, is cut or too long, or
                its extents are empty, out of bounds, unsorted or overlapping, or
                of a grain that nothing has.
        """
        return read_footprints([(data, digest)])[0]

    def to_bytes(self) -> bytes:
        """Return the form that is stored: 40 bytes an extent."""
        return self.encoded

    @property
    def digest(self) -> bytes:
        """The 32-byte SHA-256 that names this footprint."""
        return canonical.digest("strongroom/v1/footprint", self.encoded)

    @property
    def bytes(self) -> int:
        """How many bytes of plaintext it shows."""
        rows = self.rows()
        return int((rows["end"] - rows["start"]).sum(dtype=np.uint64))

    @property
    def extents(self) -> tuple[Extent, ...]:
        """The extents in order."""
        size = ROW.itemsize
        cut = (self.encoded[at : at + size] for at in range(0, len(self.encoded), size))
        return tuple(
            Extent(
                row[:COORDINATE_BYTES],
                int.from_bytes(row[16:24], "big"),
                int.from_bytes(row[24:32], "big"),
                _grain_of(int.from_bytes(row[32:], "big")),
            )
            for row in cut
        )

    def rows(self) -> npt.NDArray[np.void]:
        """Return the extents as records of five u64, shape (n,)."""
        return np.frombuffer(self.encoded, dtype=ROW)


def read_footprints(stored: Iterable[tuple[bytes, bytes]]) -> list[Footprint]:
    """Return what was stored, in order; see ``Footprint.from_bytes``.

    All extents are checked at once: one by one it takes four times as long.

    Args:
        stored: Bytes and digest of each.

    Raises:
        IntegrityError: One of them is not as ``Footprint.of`` writes it, or has
            another digest.
    """
    found: list[Footprint] = []
    for data, digest in stored:
        if len(data) > MOST_EXTENTS * ROW.itemsize or len(data) % ROW.itemsize:
            raise IntegrityError(f"{len(data)} bytes are no footprint")
        footprint = Footprint(bytes(data))
        if not hmac.compare_digest(footprint.digest, digest):
            raise IntegrityError("a footprint is not the one its digest names")
        found.append(footprint)
    _check_rows([footprint.encoded for footprint in found])
    return found


def _row_bytes(extent: Extent) -> bytes:
    grain = extent.grain
    number = grain.elements << GRAIN_SHIFT | grain.bits
    numbers = (extent.start, extent.end, number | (GRAIN_WHOLE if grain.whole else 0))
    return extent.coordinate + b"".join(n.to_bytes(8, "big") for n in numbers)


def _grain_of(number: int) -> Grain:
    return Grain(
        elements=number >> GRAIN_SHIFT,
        bits=number & GRAIN_BITS,
        whole=bool(number & GRAIN_WHOLE),
    )


def _check_extent(extent: Extent) -> None:
    grain = extent.grain
    if len(extent.coordinate) != COORDINATE_BYTES:
        raise InputError(f"a coordinate has no {len(extent.coordinate)} bytes")
    if grain.elements < 1 or not 1 <= grain.bits <= MOST_ELEMENT_BITS:
        raise InputError(f"nothing has {grain.elements} elements of {grain.bits} bits")
    if not 0 <= extent.start < extent.end <= grain.bytes <= MOST_BYTES:
        raise InputError(f"bytes {extent.start} to {extent.end} are no extent")


def _check_rows(encoded: Sequence[bytes]) -> None:
    """Refuse extents that ``Footprint.of`` would not have written.

    Raises:
        IntegrityError: They are empty, out of bounds, unsorted, or they touch.
    """
    rows = np.frombuffer(b"".join(encoded), dtype=ROW)
    begins = np.zeros(len(rows) + 1, dtype=bool)
    counts = [len(data) // ROW.itemsize for data in encoded]
    begins[np.cumsum(counts, dtype=np.intp)] = True
    high, low, start, end, grain = (
        rows[name].astype(np.uint64) for name in ROW.names or ()
    )
    bits, elements = grain & np.uint64(GRAIN_BITS), grain >> np.uint64(GRAIN_SHIFT)
    # Bounded before they are multiplied: else the product could wrap.
    sound = (bits - np.uint64(1) < MOST_ELEMENT_BITS) & (elements <= 8 * MOST_BYTES)
    if not bool(np.all(sound)):
        raise IntegrityError("a footprint has an element that nothing has")
    length = (elements * bits + np.uint64(7)) // np.uint64(8)
    if not bool(np.all((start < end) & (end <= length) & (length <= MOST_BYTES))):
        raise IntegrityError("a footprint has an empty or oversized extent")
    same = (high[1:] == high[:-1]) & (low[1:] == low[:-1])
    later = (high[1:] > high[:-1]) | ((high[1:] == high[:-1]) & (low[1:] > low[:-1]))
    apart = (start[1:] > end[:-1]) & (grain[1:] == grain[:-1])
    if not bool(np.all(begins[1:-1] | later | (same & apart))):
        raise IntegrityError("a footprint has extents out of order")
