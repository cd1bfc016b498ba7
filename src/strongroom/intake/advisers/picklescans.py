"""Asks picklescan, as ``picklescan --strict`` would be asked about one file.

What it flags without ``--strict`` is an alarm, what it flags only with it (names that
it does not know) a remark: of benign checkpoints, those in newer dtypes are among them.
It reads through the window on the private copy; nothing is copied for it.
"""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from strongroom.intake.advisers.remarks import Remark, Weight
from strongroom.intake.sources import Source

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


def ask(source: Source, folder: str) -> Iterator[Remark]:
    """Yield what picklescan says of a file: each name that it does not take for safe.

    Args:
        source: The file.
        folder: Not needed.
    """
    del folder
    from picklescan.scanner import SafetyLevel, scan_bytes  # an extra

    ending = os.path.splitext(source.path)[1]
    with io.BufferedReader(SourceFile(source)) as file:
        result = scan_bytes(file, source.path, ending)
    named = sorted((one.safety.value, one.module, one.name) for one in result.globals)
    for safety, module, name in named:
        if safety == SafetyLevel.Dangerous.value:
            yield Remark.of(Weight.ALARM, f"names {module} {name}")
        elif safety == SafetyLevel.Suspicious.value:
            yield Remark.of(Weight.REMARK, f"does not know {module} {name}")
    if result.scan_err:
        yield Remark.of(Weight.UNREAD, "could not parse all of it")


class SourceFile(io.RawIOBase):
    """A window as a file that can be read, and nothing else."""

    def __init__(self, source: Source) -> None:
        """Begin at its first byte."""
        self._source = source
        self._position = 0

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def seekable(self) -> bool:
        """Return that one may begin anywhere in it."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a place, and return it.

        Raises:
            OSError: It is before the first byte; ``zipfile`` asks for such places of
                short files, and expects what the system says.
        """
        start = {os.SEEK_CUR: self._position, os.SEEK_END: self._source.length}
        position = start.get(whence, 0) + offset
        if position < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._position = position
        return position

    def tell(self) -> int:
        """Return where the next byte comes from."""
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read as much as fits and is there; return how many bytes that were."""
        into = memoryview(buffer).cast("B")
        data = self._source.read(self._position, len(into))
        into[: len(data)] = data
        self._position += len(data)
        return len(data)
