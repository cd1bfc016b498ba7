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
