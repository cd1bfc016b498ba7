"""Memory that plaintext weights decrypt into: large, reused, kept from dumps.

Fresh 4 KiB pages cost 0.2 CPU seconds per GB, as much as everything else
together; huge pages cost 0.05 and pages that were used before nothing.  So an arena
asks for huge pages and is used again by the handle that owns it.  Python cannot keep
it from swap or promise to wipe it.
"""

from __future__ import annotations

import mmap

from strongroom.errors import ConflictError, InputError, UnavailableError

ALIGNMENT_BYTES = 64
"""A cache line, and what numpy and torch want of a tensor."""

_HUGE_PAGE_BYTES = 2 * 1024 * 1024
_ZEROS = bytes(1024 * 1024)


class Arena:
    """One private mapping that hands out aligned pieces of itself.

    It belongs to one handle and one thread at a time.

    Args:
        size: Bytes it must hold; pieces are rounded up to 64 bytes each.

    Raises:
        InputError: ``size`` is negative.
        UnavailableError: There is not that much memory.
    """

    def __init__(self, size: int) -> None:
        if size < 0:
            raise InputError(f"an arena does not have {size} bytes")
        self._used = 0
        rounded = -(-max(size, 1) // _HUGE_PAGE_BYTES) * _HUGE_PAGE_BYTES
        try:
            self._map = mmap.mmap(-1, rounded, flags=mmap.MAP_PRIVATE)
            self._map.madvise(mmap.MADV_DONTDUMP)
            self._map.madvise(mmap.MADV_HUGEPAGE)
        except (OSError, ValueError, OverflowError):
            raise UnavailableError(f"there is no memory for {rounded} bytes") from None

    def __len__(self) -> int:
        return len(self._map)

    def memory(self) -> memoryview:
        """Return all of it, for readers that are given places by ``reserve``."""
        return memoryview(self._map)

    def reserve(self, length: int) -> int:
        """Return where the next ``length`` bytes begin, a multiple of 64.

        Raises:
            InputError: The arena is too small.
        """
        start = self._used + -self._used % ALIGNMENT_BYTES
        if not 0 <= length <= len(self._map) - start:
            raise InputError(f"an arena of {len(self._map)} bytes has no {length} left")
        self._used = start + length
        return start

    def allocate(self, length: int) -> memoryview:
        """Return the next ``length`` bytes, 64-byte aligned, content undefined.

        Raises:
            InputError: The arena is too small.
        """
        start = self.reserve(length)
        return self.memory()[start : start + length]

    def reset(self) -> None:
        """Start again from the beginning, in the same memory.

        Raises:
            ConflictError: A piece, or an array made of one, is still in use.
        """
        try:
            # Same size: moves nothing, but refuses while views are exported.
            self._map.resize(len(self._map))
        except BufferError:
            raise ConflictError(
                "tensors of the last opening are still in use",
                hint="drop them first, or open with another handle",
            ) from None
        self._used = 0

    def zero(self) -> None:
        """Overwrite everything handed out since the last reset with zeros."""
        with memoryview(self._map) as whole:
            zero(whole[: self._used])

    def close(self) -> None:
        """Give the memory back.

        Raises:
            ConflictError: A piece, or an array made of one, is still in use; the
                arena stays as it is.
        """
        try:
            self._map.close()
        except BufferError:
            raise ConflictError(
                "tensors of this opening are still in use", hint="drop them first"
            ) from None


def zero(view: memoryview) -> None:
    """Overwrite a contiguous view with zeros."""
    flat = view.cast("B")
    for start in range(0, len(flat), len(_ZEROS)):
        part = flat[start : start + len(_ZEROS)]
        part[:] = _ZEROS[: len(part)]
