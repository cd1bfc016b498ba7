"""Files and folders that readers are given in tests."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strongroom.intake.rewriting import Workplace
from strongroom.intake.sources import Source


def source_of(path: Path, data: bytes) -> Source:
    """Return a window on a new file with these bytes, under its own name."""
    path.write_bytes(data)
    descriptor = os.open(path, os.O_RDONLY)
    return Source(descriptor=descriptor, start=0, length=len(data), path=path.name)


def workplace_in(folder: Path) -> Workplace:
    """Return a workplace that writes to ``folder/out``."""
    (folder / "out").mkdir(exist_ok=True)
    return Workplace(folder / "out", folder)


@contextmanager
def in_memory(data: bytes) -> Iterator[int]:
    """Give a descriptor of a file with these bytes that has no name."""
    descriptor = os.memfd_create("given")
    try:
        os.write(descriptor, data)
        yield descriptor
    finally:
        os.close(descriptor)
