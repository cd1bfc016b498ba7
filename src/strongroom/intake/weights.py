"""Writes tensors to a safetensors file, each with the digest of its bytes.

Two tensors are copied and hashed at once: reading, writing and SHA-256 all work
without the interpreter's lock.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strongroom.canonical import Json
from strongroom.intake.formats.safetensors import (
    TensorEntry,
    header_bytes,
    place,
)
from strongroom.intake.rewriting import Draft, Workplace
from strongroom.intake.sources import Source

_THREADS = 2
_SMALL_BYTES = 1 << 20
"""Up to here a second thread costs more than it saves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weight:
    """A tensor whose bytes lie in one stretch, little-endian and in row order.

    Attributes:
        name: Of the tensor.
        dtype: As safetensors names it.
        shape: Elements per dimension.
        source: Where its bytes lie.
        offset: First of them in the source.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    source: Source
    offset: int


def write_weights(
    workplace: Workplace,
    name: str,
    weights: Sequence[Weight],
    metadata: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Write a safetensors file and return the SHA-256 of each tensor, as hex.

    Args:
        workplace: Where to.
        name: Of the file.
        weights: In any order; names are unique.
        metadata: Free text for the header.

    Raises:
        InputError: A tensor cannot stand in a header, or a name stands twice.
        RefusedError: A source is cut, or the file cannot be made.
    """
    entries = place((w.name, w.dtype, w.shape) for w in weights)
    header = header_bytes(entries, metadata)
    by_name = {weight.name: weight for weight in weights}
    total = len(header) + (entries[-1].end if entries else 0)
    with workplace.create(name) as file:
        file.append(header)
        file.reserve(total)
        start = len(header)

        def copy(entry: TensorEntry) -> str:
            weight, length = by_name[entry.name], entry.end - entry.begin
            stretch = weight.source.window(weight.offset, length)
            return copy_hashed(stretch, file, start + entry.begin)

        if total <= _SMALL_BYTES:
            digests = [copy(entry) for entry in entries]
        else:
            # Imports logging, which is 5 ms of a fresh worker.
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

            with ThreadPoolExecutor(_THREADS) as pool:
                digests = list(pool.map(copy, entries))
    return {entry.name: digest for entry, digest in zip(entries, digests, strict=True)}


def digest_facts(digests: Mapping[str, str]) -> Json:
    """Return the digests of tensors as a fact: pairs of name and SHA-256, sorted.

    Pairs, because canonical JSON has no room for every name as a key.
    """
    return [[name, digest] for name, digest in sorted(digests.items())]


def copy_hashed(source: Source, into: Draft, position: int) -> str:
    """Copy a whole window to ``position`` of a draft; return its SHA-256 as hex.

    Raises:
        RefusedError: The file under the window is cut.
    """
    digest = hashlib.sha256()
    for piece in source.pieces():
        digest.update(piece)
        into.put(position, piece)
        position += len(piece)
    return digest.hexdigest()
