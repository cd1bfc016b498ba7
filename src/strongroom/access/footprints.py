"""What one segment shows of a model: byte ranges of its tensors and files.

Tensors and files are named by a blinded coordinate, so that neither the ledger
nor a table carries their names, and so that the same range of the same tensor
is recognised in the next version.

Source: ``docs/explanation/exposure.md``.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
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

ROW: Final = np.dtype(
    [("high", ">u8"), ("low", ">u8"), ("start", ">u8"), ("end", ">u8")]
)
"""How an extent is stored: the two halves of its coordinate, start and end."""


class Extent(NamedTuple):
    """The bytes ``start <= offset < end`` of one tensor or file.

    Attributes:
        coordinate: 16 bytes from ``coordinate``.
        start: Offset of the first byte in the tensor's or file's own bytes.
        end: Offset after the last byte.
    """

    coordinate: bytes
    start: int
    end: int


def coordinate(key: Secret, *, path: str, tensor: str | None, dtype: str) -> bytes:
    """Return the 16 bytes that stand for one tensor, or for one whole file.

    Args:
        key: The room's key for coordinates; without it nobody can test guesses
            of names against the tables.
        path: Path of the file inside the artifact.
        tensor: Name of the tensor; None for a file's own bytes.
        dtype: Name of the number type, such as ``BF16``; empty for a file.
    """
    named = 0 if tensor is None else 1  # a tensor named "" is not a file
    text = canonical.encode(
        "strongroom/v1/coordinate", path, named, tensor or "", dtype
    )
    return hmac.digest(key.reveal(), text, "sha256")[:COORDINATE_BYTES]


@dataclass(frozen=True, slots=True)
class Footprint:
    """What one segment shows of a model.

    Extents are sorted, do not overlap and do not touch, so footprints of the
    same bytes are equal and have one digest.

    Attributes:
        encoded: 32 bytes an extent: coordinate, start and end as u64 big-endian.
    """

    encoded: bytes

    @classmethod
    def of(cls, extents: Iterable[Extent]) -> Footprint:
        """Return the footprint of ``extents``, which may overlap, in any order.

        Raises:
            InputError: An extent is empty, reversed or out of bounds, or more
                than ``MOST_EXTENTS`` remain.
        """
        merged: list[Extent] = []
        for extent in sorted(extents):
            _check_extent(extent)
            last = merged[-1] if merged else None
            if (
                last is not None
                and last.coordinate == extent.coordinate
                and last.end >= extent.start
            ):
                merged[-1] = last._replace(end=max(last.end, extent.end))
            else:
                merged.append(extent)
        if len(merged) > MOST_EXTENTS:
            raise InputError(f"a footprint has {len(merged)} of {MOST_EXTENTS} extents")
        return cls(b"".join(_row_bytes(extent) for extent in merged))

    @classmethod
    def from_bytes(cls, data: bytes, *, digest: bytes) -> Footprint:
        """Return the footprint that ``to_bytes`` wrote and ``digest`` names.

        Raises:
            IntegrityError: ``data`` has another digest, is cut or too long, or
                its extents are empty, out of bounds, unsorted or overlapping.
        """
        if len(data) > MOST_EXTENTS * ROW.itemsize or len(data) % ROW.itemsize:
            raise IntegrityError(f"{len(data)} bytes are no footprint")
        footprint = cls(bytes(data))
        if not hmac.compare_digest(footprint.digest, digest):
            raise IntegrityError("a footprint is not the one its digest names")
        _check_rows(footprint.rows())
        return footprint

    def to_bytes(self) -> bytes:
        """Return the form that is stored: 32 bytes an extent."""
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
                int.from_bytes(row[24:], "big"),
            )
            for row in cut
        )

    def rows(self) -> npt.NDArray[np.void]:
        """Return the extents as u64 records (high, low, start, end), shape (n,)."""
        return np.frombuffer(self.encoded, dtype=ROW)


def _row_bytes(extent: Extent) -> bytes:
    ends = extent.start.to_bytes(8, "big") + extent.end.to_bytes(8, "big")
    return extent.coordinate + ends


def _check_extent(extent: Extent) -> None:
    if len(extent.coordinate) != COORDINATE_BYTES:
        raise InputError(f"a coordinate has no {len(extent.coordinate)} bytes")
    if not 0 <= extent.start < extent.end <= MOST_BYTES:
        raise InputError(f"bytes {extent.start} to {extent.end} are no extent")


def _check_rows(rows: npt.NDArray[np.void]) -> None:
    """Refuse extents that ``Footprint.of`` would not have written.

    Raises:
        IntegrityError: They are empty, out of bounds, unsorted, or they touch.
    """
    high, low, start, end = (rows[name] for name in ("high", "low", "start", "end"))
    if not bool(np.all((start < end) & (end <= MOST_BYTES))):
        raise IntegrityError("a footprint has an empty or oversized extent")
    same = (high[1:] == high[:-1]) & (low[1:] == low[:-1])
    later = (high[1:] > high[:-1]) | ((high[1:] == high[:-1]) & (low[1:] > low[:-1]))
    if not bool(np.all(later | (same & (start[1:] > end[:-1])))):
        raise IntegrityError("a footprint has extents out of order")
