"""Writes tensors to a safetensors file, each with the digest of its bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strongroom.canonical import Json
from strongroom.intake.copying import Part, copy_parts
from strongroom.intake.formats.safetensors_writer import header_bytes, place
from strongroom.intake.rewriting import Workplace
from strongroom.intake.sources import Source


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
    parts = [
        Part(by_name[e.name].source, by_name[e.name].offset, e.end - e.begin)
        for e in entries
    ]
    with workplace.create(name) as file:
        file.append(header)
        file.reserve(len(header) + (entries[-1].end if entries else 0))
        digests = copy_parts(parts, file, len(header))
    return {entry.name: digest for entry, digest in zip(entries, digests, strict=True)}


def digest_facts(digests: Mapping[str, str]) -> Json:
    """Return the digests of tensors as a fact: pairs of name and SHA-256, sorted.

    Pairs, because canonical JSON has no room for every name as a key.
    """
    return [[name, digest] for name, digest in sorted(digests.items())]
