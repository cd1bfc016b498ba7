"""What lies where in the decrypted stream of a segment.

The stream is

    record 0: two lengths | start of the index | zeros
    data | rest of the index | zeros up to a Padmé length

The data are the ranges in the order of the index, each on a multiple of 64 bytes:
that is how an arena places tensors one after another, so whole records decrypt
into their final place, also across the tensors in them.  Data begin at record 1,
however long the index is, so no record is decrypted once for the index and once
more for data, unless the index is longer than record 0.

Source: ``docs/specification/sealed-object.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

from strongroom.crypto.container import FIRST_PLAIN_BYTES, padded
from strongroom.crypto.index import MAX_INDEX_BYTES
from strongroom.errors import IntegrityError

LENGTHS_BYTES = 16
"""Two u64 before the index: its length, and that of the data."""

INDEX_START_BYTES = FIRST_PLAIN_BYTES - LENGTHS_BYTES
"""As much of the index as record 0 holds, in bytes."""

DATA_START = FIRST_PLAIN_BYTES
"""Where the data begin in the stream: with record 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """Where the parts of a stream lie in it.

    Attributes:
        index_bytes: Length of the index.
        data_bytes: Length of the data.
    """

    index_bytes: int
    data_bytes: int

    @classmethod
    def parse(cls, lengths: bytes, *, stream_bytes: int) -> Positions:
        """Return the positions that the first 16 bytes of a stream state.

        Args:
            lengths: The bytes.
            stream_bytes: Of the whole stream, as the signed manifest has it.

        Raises:
            IntegrityError: They do not add up to the stream, or the index is too
                long.
        """
        found = cls(
            index_bytes=int.from_bytes(lengths[:8], "big"),
            data_bytes=int.from_bytes(lengths[8:LENGTHS_BYTES], "big"),
        )
        if found.index_bytes > MAX_INDEX_BYTES:
            raise IntegrityError(f"it states an index of {found.index_bytes} bytes")
        if found.stream_bytes != stream_bytes:
            raise IntegrityError("its lengths do not add up to the object's length")
        return found

    def to_bytes(self) -> bytes:
        """Return the 16 bytes that stand before the index."""
        return self.index_bytes.to_bytes(8, "big") + self.data_bytes.to_bytes(8, "big")

    @property
    def start_end(self) -> int:
        """Where the start of the index ends; zeros follow up to the data."""
        return LENGTHS_BYTES + min(self.index_bytes, INDEX_START_BYTES)

    @property
    def rest_start(self) -> int:
        """Where the rest of the index begins, behind the data."""
        return DATA_START + self.data_bytes

    @property
    def end(self) -> int:
        """Where the last thing ends; zeros follow."""
        return self.rest_start + max(0, self.index_bytes - INDEX_START_BYTES)

    @property
    def stream_bytes(self) -> int:
        """Length of the stream: record 0 and then a Padmé length."""
        return FIRST_PLAIN_BYTES + padded(self.end - FIRST_PLAIN_BYTES)
