"""Which parts of which tensors opened segments hold."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Iterable

from strongroom.client import arrays
from strongroom.client.arrays import TensorPart
from strongroom.crypto.index import IndexItem
from strongroom.crypto.segment import SealedSegment
from strongroom.errors import MissingError


def open_parts(segments: Iterable[SealedSegment]) -> tuple[TensorPart, ...]:
    """Return every run of tensor bytes in these segments, joined across them."""
    runs: dict[tuple[int, str], list[tuple[int, int]]] = {}
    items: dict[tuple[int, str], IndexItem] = {}
    for segment in segments:
        for item in segment.index().items:
            if item.dtype is not None:
                items[item.file, item.name] = item
                runs.setdefault((item.file, item.name), []).extend(item.ranges)
    files = Counter(name for _, name in items)
    found = []
    for key, item in sorted(items.items()):
        dtype, shape = item.dtype or "", item.shape or ()
        size = arrays.tensor_bytes(dtype, shape, name=item.name)
        for start, length in arrays.joined(runs[key], empty=size == 0):
            found.append(
                TensorPart(
                    name=item.name,
                    file=item.file,
                    dtype=dtype,
                    shape=tuple(shape),
                    start=start,
                    length=length,
                    size=size,
                    shared=files[item.name] > 1,
                )
            )
    return tuple(found)


def whole_parts(
    parts: Iterable[TensorPart], names: Collection[str]
) -> list[TensorPart]:
    """Return the parts that are whole tensors: all of them, or those named.

    Args:
        parts: What is open.
        names: Labels; none means all.

    Raises:
        MissingError: A name is not among them; the hint has the nearest.
    """
    whole = {part.label: part for part in parts if part.whole}
    for name in names:
        if name not in whole:
            near = difflib.get_close_matches(name, whole, n=1)
            raise MissingError(
                f"no whole tensor {name!r} is open",
                hint=f"did you mean {near[0]}?" if near else f"open: {len(whole)}",
            )
    return (
        [whole[name] for name in dict.fromkeys(names)] if names else [*whole.values()]
    )
