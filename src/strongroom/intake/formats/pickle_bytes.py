"""A position in a pickle: bytes and lines in the order in which they lie there."""

from __future__ import annotations

from strongroom.intake.findings import RefusedError
from strongroom.intake.sources import Source

MOST_PICKLE_BYTES = 256 << 20
"""Of one pickle.  Weights lie outside it; a million strings of 100 letters fit."""

MOST_LINE_BYTES = 1 << 20

_FIRST_CHUNK_BYTES, _CHUNK_BYTES = 4 << 10, 1 << 20
"""What is read at once: small at first, because a file may be a stream of 100,000
pickles of 50 bytes, and reading 1 MiB for each of them takes a minute."""


class PickleBytes:
    """A position in a pickle; never further than the window, or than the cap.

    Every method raises RefusedError where the pickle is cut or too long.
    """

    __slots__ = ("_at", "_base", "_chunk", "_data", "_source", "_start")

    def __init__(self, source: Source, start: int) -> None:
        self._source = source
        self._start = start
        self._base = start  # where the chunk begins
        self._chunk = _FIRST_CHUNK_BYTES
        self._data = b""
        self._at = 0

    @property
    def position(self) -> int:
        """Offset in the source."""
        return self._base + self._at

    @property
    def left(self) -> int:
        """Bytes from here to the end of the source."""
        return self._source.length - self.position

    def byte(self) -> int:
        """Return the next byte."""
        if self._at == len(self._data):
            self._fill(1)
        self._at += 1
        return self._data[self._at - 1]

    def take(self, length: int) -> bytes:
        """Return the next bytes."""
        end = self._at + length
        if end > len(self._data):
            self._fill(length)
            end = self._at + length
        piece = self._data[self._at : end]
        self._at = end
        return piece

    def line(self) -> bytes:
        """Return the bytes up to a line feed, without it.

        Raises:
            RefusedError: None comes before the end, or the line is too long.
        """
        length = 256
        while True:
            known = min(length, self.left)
            if self._at + known > len(self._data):
                self._fill(known)
            end = self._data.find(b"\n", self._at, self._at + known)
            if end >= 0:
                line = self._data[self._at : end]
                self._at = end + 1
                return line
            if known < length or length >= MOST_LINE_BYTES:
                raise RefusedError(
                    "pickle/cut",
                    f"a line of the pickle at byte {self.position} does not end",
                )
            length *= 16

    def _fill(self, length: int) -> None:
        position = self.position
        if length > self.left:
            raise RefusedError(
                "pickle/cut",
                f"the pickle is cut: {length} bytes at byte {position} pass its end",
            )
        if position + length - self._start > MOST_PICKLE_BYTES:
            raise RefusedError(
                "pickle/size", f"the pickle is over {MOST_PICKLE_BYTES} bytes"
            )
        chunk = min(max(length, self._chunk), self.left)
        self._chunk = min(4 * self._chunk, _CHUNK_BYTES)
        self._data = self._source.read_exactly(position, chunk)
        self._base, self._at = position, 0
