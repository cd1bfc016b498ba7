"""Writes the headers of safetensors files: one form, whatever the tensors are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from strongroom.errors import InputError
from strongroom.intake.formats.safetensors import (
    DTYPE_BITS,
    METADATA,
    MOST_HEADER_BYTES,
    PREFIX_BYTES,
    TensorEntry,
    tensor_bytes,
    verify_layout,
)

_text = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def header_bytes(
    entries: Sequence[TensorEntry], metadata: Mapping[str, str] | None = None
) -> bytes:
    """Return the header to write before the tensors, padded to 8 bytes.

    Args:
        entries: In the order of their offsets, without gaps; see ``place``.
        metadata: Free text for ``__metadata__``.

    Raises:
        InputError: Offsets overlap or leave a gap, a name stands twice, or the
            header passes 100 MB.
    """
    verify_layout(entries, data_bytes=entries[-1].end if entries else 0)
    if len({entry.name for entry in entries}) != len(entries):
        raise InputError("a tensor name stands twice")
    members = [f"{_text(METADATA)}:{_text(dict(metadata))}"] if metadata else []
    members += map(_member, entries)
    try:
        body = f"{{{','.join(members)}}}".encode()
    except UnicodeEncodeError:
        raise InputError("metadata holds half of a surrogate pair") from None
    body += b" " * (-len(body) % 8)
    if len(body) > MOST_HEADER_BYTES:
        raise InputError(f"header has {len(body)} bytes, over {MOST_HEADER_BYTES}")
    return len(body).to_bytes(PREFIX_BYTES, "little") + body


def _member(entry: TensorEntry) -> str:
    """Return what a header says of a tensor; the encoder takes three times as long."""
    shape = ",".join(map(str, entry.shape))
    return (
        f'{_text(entry.name)}:{{"dtype":"{entry.dtype}","shape":[{shape}],'
        f'"data_offsets":[{entry.begin},{entry.end}]}}'
    )


def place(tensors: Iterable[tuple[str, str, Sequence[int]]]) -> list[TensorEntry]:
    """Return entries with offsets for tensors of a new file.

    Wider types stand first, so that every tensor starts on a multiple of its
    element size, as the safetensors package lays them out.

    Args:
        tensors: Name, type and shape of each.

    Raises:
        InputError: A name, a type or a shape cannot stand in a header.
    """
    entries: list[TensorEntry] = []
    begin = 0
    ordered = sorted(tensors, key=lambda t: (-DTYPE_BITS.get(t[1], 0), t[0]))
    for name, dtype, shape in ordered:
        end = begin + tensor_bytes(dtype, shape, name=name)
        entries.append(
            TensorEntry(
                name=name, dtype=dtype, shape=tuple(shape), begin=begin, end=end
            )
        )
        begin = end
    return entries
