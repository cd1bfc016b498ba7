"""Threads that cannot start, for want of memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_NO_MACHINE_HAS = 1 << 46  # bytes of stack, half of an address space


@contextmanager
def no_threads() -> Iterator[None]:
    """Let every start of a thread fail until the block ends."""
    before = threading.stack_size(_NO_MACHINE_HAS)
    try:
        yield
    finally:
        threading.stack_size(before)
