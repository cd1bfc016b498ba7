"""Lays the elements of a strided tensor out in row order.

numpy copies them, block by block, out of a mapping of the file; it is imported only
when a checkpoint holds such a tensor.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from strongroom.intake.rewriting import Workplace, write_all
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
    """Return a window on the elements in row order, in a file without a name.

    Args:
        workplace: Where that file goes.
        source: The storage.
        item_bytes: Of one element: 1, 2, 4, 8 or 16.
        offset: First element.
        shape: Elements per dimension; none is 0, their product is bounded.
        stride: Elements from one to the next, per dimension; the last element lies in
            the storage.

    Raises:
        RefusedError: The source is cut.
    """
    import numpy as np  # noqa: PLC0415  # starting the sandbox must stay cheap

    source.read_exactly(source.length - 1, 1)  # a mapping past the end would crash
    before = source.start % mmap.ALLOCATIONGRANULARITY
    mapped = mmap.mmap(
        source.descriptor,
        before + source.length,
        prot=mmap.PROT_READ,
        offset=source.start - before,
    )
    flat = np.frombuffer(
        mapped,
        dtype=np.dtype(f"V{item_bytes}"),
        count=source.length // item_bytes,
        offset=before,
    )
    steps = tuple(step * item_bytes for step in stride)
    view = np.lib.stride_tricks.as_strided(flat[offset:], shape, steps, writeable=False)
    file, length = workplace.scratch(), 0
    for block in _blocks(view):
        data = block.tobytes()
        write_all(file, data)
        length += len(data)
    return Source(descriptor=file.fileno(), start=0, length=length, path=source.path)


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
