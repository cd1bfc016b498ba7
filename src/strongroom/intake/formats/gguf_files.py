"""Rewrites GGUF files: the same values and tensors behind a head of ours.

What a chat template in it says is reviewed (``gguf_templates``), and what programs
believe of a file without looking is compared (``gguf_values``).
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.canonical import Json
from strongroom.intake.copying import Part, copy_parts
from strongroom.intake.formats.gguf import (
    ARRAY,
    MAGIC,
    Head,
    Value,
    read_head,
)
from strongroom.intake.formats.gguf_templates import review_templates
from strongroom.intake.formats.gguf_values import verify_values
from strongroom.intake.names import with_ending
from strongroom.intake.rewriting import Options, Rewritten, Workplace
from strongroom.intake.sources import Source
from strongroom.intake.weights import digest_facts

KIND = "gguf"
_VERSION = 3  # the same layout as 2 for little-endian files


def rewrite(source: Source, workplace: Workplace, options: Options) -> Rewritten:
    """Write the same values and tensors to a new file.

    Args:
        source: A GGUF file of version 2 or 3.
        workplace: Where the new file goes, under the old name.
        options: Not used.

    Raises:
        RefusedError: The head is malformed, tensors overlap or leave the file, values
            of the tokenizer do not fit together, or a chat template could do more than
            put text together.
    """
    del options
    head = read_head(source)
    verify_values(head, source)
    templates, findings = review_templates(head, source)
    output = with_ending(source.path, ".gguf")
    digests = _write(head, source, output, workplace)
    facts: dict[str, Json] = {
        "tensors": digest_facts(digests),
        "types": sorted({tensor.kind for tensor in head.tensors}),
    }
    if templates:
        facts["templates"] = templates
    return Rewritten(
        kind=KIND, outputs=(output,), facts=facts, findings=tuple(findings)
    )


def _write(
    head: Head, source: Source, output: str, workplace: Workplace
) -> dict[str, str]:
    """Write the file; return the SHA-256 of each tensor."""
    placed: dict[str, int] = {}
    end = 0
    for tensor in head.tensors:
        placed[tensor.name] = end
        end += tensor.length
        end += -end % head.alignment
    with workplace.create(output) as file:
        written = 0
        for piece in _head_bytes(head, source, placed):
            file.append(piece)
            written += len(piece)
        start = written + -written % head.alignment
        file.append(bytes(start - written))
        file.reserve(start + end)
        digests = copy_parts(
            [
                Part(
                    source,
                    head.data_start + tensor.offset,
                    tensor.length,
                    padding=-tensor.length % head.alignment,
                )
                for tensor in head.tensors
            ],
            file,
            start,
        )
    return {t.name: digest for t, digest in zip(head.tensors, digests, strict=True)}


def _head_bytes(head: Head, source: Source, placed: dict[str, int]) -> Iterator[bytes]:
    """Yield the new head in pieces."""
    counts = (len(head.tensors), len(head.values))
    yield MAGIC + _u32(_VERSION) + b"".join(map(_u64, counts))
    for value in head.values:
        yield _text(value.key) + _u32(value.kind)
        yield from _value_bytes(value, source)
    for tensor in head.tensors:
        yield b"".join(
            (
                _text(tensor.name),
                _u32(len(tensor.shape)),
                *map(_u64, tensor.shape),
                _u32(tensor.kind),
                _u64(placed[tensor.name]),
            )
        )


def _value_bytes(value: Value, source: Source) -> Iterator[bytes]:
    """Yield a value: its one encoding, so that what was checked is what comes out."""
    start = value.start
    if value.kind == ARRAY and value.items is not None:
        kind, count = value.items
        yield _u32(kind) + _u64(count)
        start += 12
    yield from source.pieces(start, value.end - start)


def _text(text: str) -> bytes:
    data = text.encode()
    return _u64(len(data)) + data


def _u32(number: int) -> bytes:
    return number.to_bytes(4, "little")


def _u64(number: int) -> bytes:
    return number.to_bytes(8, "little")
