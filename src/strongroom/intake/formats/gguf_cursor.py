"""A position in a GGUF file: numbers and texts in the order in which they lie there."""

from __future__ import annotations

from strongroom.intake.findings import RefusedError
from strongroom.intake.sources import Source

_WINDOW_BYTES = 1 << 20


class Cursor:
    """A position in a file, with a window of it in memory."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._start, self._window = 0, b""
        self.at = 0

    @property
    def left(self) -> int:
        """Bytes from here to the end of the file."""
        return self._source.length - self.at

    def take(self, length: int) -> bytes:
        """Return the next bytes; the caller has bounded their number.

        Raises:
            RefusedError: The file ends before.
        """
        if length > self.left:
            raise RefusedError(
                "file/cut", f"file is cut: {length} bytes at {self.at} pass its end"
            )
        begin = self.at - self._start
        if not 0 <= begin <= len(self._window) - length:
            self._start, begin = self.at, 0
            self._window = self._source.read(self.at, max(length, _WINDOW_BYTES))
            if len(self._window) < length:
                raise RefusedError("file/cut", f"file is cut at {self.at}")
        self.at += length
        return self._window[begin : begin + length]

    def skip(self, length: int) -> None:
        """Go on without reading.

        Raises:
            RefusedError: The file ends before.
        """
        if length > self.left:
            raise RefusedError("file/cut", f"file is cut: {length} bytes at {self.at}")
        self.at += length

    def u32(self) -> int:
        """Return the next number of 4 bytes."""
        return int.from_bytes(self.take(4), "little")

    def u64(self) -> int:
        """Return the next number of 8 bytes."""
        return int.from_bytes(self.take(8), "little")

    def text(self, at_most: int, what: str) -> str:
        """Return the next text.

        Raises:
            RefusedError: It is longer than ``at_most`` bytes, or no UTF-8.
        """
        length = self.u64()
        if length > at_most:
            raise RefusedError("gguf/size", f"{what} has {length} bytes of {at_most}")
        try:
            return self.take(length).decode()
        except UnicodeDecodeError:
            raise RefusedError("gguf/text", f"{what} is not UTF-8") from None
