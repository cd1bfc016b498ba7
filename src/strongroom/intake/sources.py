"""A window on a descriptor, which is how every reader sees a file.

Readers get no path: a path can lead elsewhere at the second look, a descriptor
of a file that nobody else can name cannot.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from strongroom.intake.findings import RefusedError

PIECE_BYTES = 1 << 20
_AHEAD_BYTES = 64 << 10
"""Read at once where many short stretches lie near each other: 10 us where they do not,
and a thousandth of that for each of 64 bytes where they do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file, or a stretch of one, that a reader may read.

    Attributes:
        descriptor: Open for reading; never moved, so that threads may share it.
        start: First byte of the window in the file.
        length: Bytes in the window.
        path: What the supplier calls it, for messages: relative, ``/`` between parts.
    """

    descriptor: int
    start: int
    length: int
    path: str

    def read(self, offset: int, length: int) -> bytes:
        """Return up to ``length`` bytes from ``offset``: fewer where the window ends.

        The shape that ``formats.safetensors.Read`` asks for.

        Raises:
            RefusedError: The offset or the length is negative.
        """
        if offset < 0 or length < 0:
            raise RefusedError("file/bounds", f"a read of {length} bytes at {offset}")
        left = min(length, max(self.length - offset, 0))
        pieces: list[bytes] = []
        while left:
            piece = os.pread(self.descriptor, left, self.start + offset)
            if not piece:
                break
            pieces.append(piece)
            offset += len(piece)
            left -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def read_exactly(self, offset: int, length: int) -> bytes:
        """Return ``length`` bytes from ``offset``; the caller has bounded the length.

        Raises:
            RefusedError: The window ends before.
        """
        if not 0 <= offset <= self.length - length:
            raise RefusedError(
                "file/cut",
                f"file is cut: {length} bytes at {offset} pass its {self.length}",
            )
        data = self.read(offset, length)
        if len(data) != length:
            raise RefusedError("file/cut", f"file is cut at {offset + len(data)}")
        return data

    def pieces(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of a range in pieces of at most 1 MiB.

        Raises:
            RefusedError: The window ends before.
        """
        end = self.length if length is None else offset + length
        while offset < end:
            piece = self.read_exactly(offset, min(PIECE_BYTES, end - offset))
            yield piece
            offset += len(piece)

    def window(self, offset: int, length: int, *, path: str = "") -> Source:
        """Return the window on a stretch of this one, such as a stored member.

        Raises:
            RefusedError: It passes the end of this window.
        """
        if offset < 0 or length < 0 or offset + length > self.length:
            raise RefusedError(
                "file/cut",
                f"file is cut: {length} bytes at {offset} pass its {self.length}",
            )
        return Source(
            descriptor=self.descriptor,
            start=self.start + offset,
            length=length,
            path=path or self.path,
        )


class Ahead:
    """Reads short stretches that lie near each other with few calls, for one thread."""

    __slots__ = ("_data", "_descriptor", "_start")

    def __init__(self) -> None:
        self._descriptor, self._start, self._data = -1, 0, b""

    def read(self, source: Source, offset: int, length: int) -> bytes:
        """Return bytes of a window, as ``Source.read_exactly`` does.

        Args:
            source: One whose bytes nobody changes any more.
            offset: First byte in it.
            length: How many; the caller has bounded them.

        Raises:
            RefusedError: The window ends before.
        """
        start = source.start + offset
        if not 0 <= offset <= source.length - length or length > _AHEAD_BYTES:
            return source.read_exactly(offset, length)  # or says why not
        begin = start - self._start
        is_here = 0 <= begin <= len(self._data) - length
        if not is_here or source.descriptor != self._descriptor:
            self._fill(source.descriptor, start)
            begin = 0
            if len(self._data) < length:
                return source.read_exactly(offset, length)  # says that it is cut
        return self._data[begin : begin + length]

    def _fill(self, descriptor: int, start: int) -> None:
        around = Source(
            descriptor=descriptor, start=start, length=_AHEAD_BYTES, path=""
        )
        self._descriptor, self._start = descriptor, start
        self._data = around.read(0, _AHEAD_BYTES)
