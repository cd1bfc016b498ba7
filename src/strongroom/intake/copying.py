"""Copies stretches of files to a draft, one behind another, each with its digest.

A model may have 100,000 tensors of a few bytes, where a call of the system and a task
for each would be most of the time.  So short ones are read, hashed and written in one.
Long ones, and batches of short ones, are copied two at once: reading, writing and
SHA-256 all work without the interpreter's lock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from strongroom.intake.rewriting import Draft
from strongroom.intake.sources import Ahead, Source

_THREADS = 2
_BATCH_BYTES = 1 << 20
"""Up to here a second thread costs more than it saves."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is copied at once.

    Attributes:
        source: Where its bytes lie.
        offset: First of them in the source.
        length: How many there are.
        padding: Zero bytes to write behind it.
    """

    source: Source
    offset: int
    length: int
    padding: int = 0


def copy_parts(parts: Sequence[Part], into: Draft, position: int) -> list[str]:
    """Copy parts to a draft and return the SHA-256 of each without padding, as hex.

    Args:
        parts: In the order in which they come to stand.
        into: A draft that has its length.
        position: Where the first goes.

    Raises:
        RefusedError: A source is cut.
    """
    batches = list(_batches(parts, position))

    def copy(batch: tuple[int, Sequence[Part]]) -> list[str]:
        return _copy(*batch, into)

    if len(batches) < _THREADS:
        return list(chain.from_iterable(map(copy, batches)))
    # Imports logging, which is 5 ms of a fresh worker.
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    with ThreadPoolExecutor(_THREADS) as pool:
        return list(chain.from_iterable(pool.map(copy, batches)))


def _batches(
    parts: Sequence[Part], position: int
) -> Iterator[tuple[int, Sequence[Part]]]:
    """Yield parts that are copied at once, and where the first of them goes."""
    batch: list[Part] = []
    size = 0
    for part in parts:
        if batch and size + part.length + part.padding > _BATCH_BYTES:
            yield position, batch
            batch, size, position = [], 0, position + size
        batch.append(part)
        size += part.length + part.padding
    if batch:
        yield position, batch


def _copy(position: int, batch: Sequence[Part], into: Draft) -> list[str]:
    if batch[0].length > _BATCH_BYTES:
        return [_copy_long(position, batch[0], into)]
    ahead, pieces, digests = Ahead(), list[bytes](), list[str]()
    for part in batch:
        data = ahead.read(part.source, part.offset, part.length)
        digests.append(hashlib.sha256(data).hexdigest())
        pieces.append(data)
        if part.padding:
            pieces.append(bytes(part.padding))
    into.put(position, b"".join(pieces))
    return digests


def _copy_long(position: int, part: Part, into: Draft) -> str:
    digest = hashlib.sha256()
    for piece in part.source.window(part.offset, part.length).pieces():
        digest.update(piece)
        into.put(position, piece)
        position += len(piece)
    if part.padding:
        into.put(position, bytes(part.padding))
    return digest.hexdigest()
