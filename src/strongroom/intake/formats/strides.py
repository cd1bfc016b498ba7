"""Lays the elements of a strided tensor out in row order.

numpy copies them, block by block, out of a mapping of the file; it is imported only
when a checkpoint holds such a tensor.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from strongroom.intake.findings import RefusedError
from strongroom.intake.rewriting import Workplace, fill
from strongroom.intake.sources import Source

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BLOCK_BYTES = 8 << 20
"""Copied at once: larger than a cache, small beside the tensor."""


def laid_out(
    workplace: Workplace,
    source: Source,
    *,
    item_bytes: int,
    offset: int,
    shape: tuple[int, ...],
    stride: tuple[int, ...],
) -> Source:
    """Return a window on the elements in row order, in a room of the workplace.

    Args:
        workplace: Where that room is.
        source: The storage.
        item_bytes: Of one element: 1, 2, 4, 8 or 16.
        offset: First element.
        shape: Elements per dimension; none is 0, their product is bounded.
        stride: Elements from one to the next, per dimension; the last element lies in
            the storage.

    Raises:
        RefusedError: The source is cut, or the elements lie too far apart for memory.
    """
    import numpy as np  # noqa: PLC0415  # starting the sandbox must stay cheap

    spread = sum((n - 1) * step for n, step in zip(shape, stride, strict=True))
    window = source.window(offset * item_bytes, (spread + 1) * item_bytes)
    mapped, before = _mapped(window)
    flat = np.frombuffer(
        mapped, dtype=np.dtype(f"V{item_bytes}"), count=spread + 1, offset=before
    )
    steps = tuple(step * item_bytes for step in stride)
    view = np.lib.stride_tricks.as_strided(flat, shape, steps, writeable=False)
    room = workplace.room(math.prod(shape) * item_bytes, path=source.path)
    at = 0
    for block in _blocks(view):
        fill(room, at, block.tobytes())
        at += block.nbytes
    return room


def _mapped(window: Source) -> tuple[mmap.mmap, int]:
    """Return a mapping that holds a window, and where in it the window begins."""
    window.read_exactly(window.length - 1, 1)  # a mapping past the end would crash
    before = window.start % mmap.ALLOCATIONGRANULARITY
    try:
        mapped = mmap.mmap(
            window.descriptor,
            before + window.length,
            prot=mmap.PROT_READ,
            offset=window.start - before,
        )
    except OSError:
        raise RefusedError(
            "torch/size",
            f"a strided tensor lies in {window.length} bytes, too many to lay it out",
            hint="have the supplier save x.contiguous()",
        ) from None
    return mapped, before


def _blocks(view: NDArray[np.void]) -> Iterator[NDArray[np.void]]:
    """Yield parts of a view in row order, each of at most 8 MiB."""
    waiting = [view]
    while waiting:
        part = waiting.pop()
        if part.nbytes <= BLOCK_BYTES:
            yield part
        elif len(part) == 1:
            waiting.append(part[0])
        else:
            middle = len(part) // 2
            waiting += [part[middle:], part[:middle]]
