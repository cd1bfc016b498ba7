"""Rewrites GGUF files: the same values and tensors behind a head of ours.

llama.cpp reads some arrays by the length of another, so those are compared here; and
a chat template in a file is run by whoever serves the model (CVE-2024-34359).
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from strongroom.canonical import Json
from strongroom.intake.findings import Finding, RefusedError
from strongroom.intake.formats.gguf import (
    ARRAY,
    MAGIC,
    TEXT,
    Head,
    Tensor,
    Value,
    read_head,
    text_of,
)
from strongroom.intake.formats.templates import review
from strongroom.intake.names import with_ending
from strongroom.intake.rewriting import Options, Rewritten, Workplace
from strongroom.intake.sources import Source
from strongroom.intake.weights import copy_hashed, digest_facts

KIND = "gguf"
_THREADS = 2
_VERSION = 3  # the same layout as 2 for little-endian files
_TOKENS = "tokenizer.ggml.tokens"
_BESIDE_TOKENS = ("tokenizer.ggml.scores", "tokenizer.ggml.token_type")


def rewrite(source: Source, workplace: Workplace, options: Options) -> Rewritten:
    """Write the same values and tensors to a new file.

    Args:
        source: A GGUF file of version 2 or 3.
        workplace: Where the new file goes, under the old name.
        options: Not used.

    Raises:
        RefusedError: The head is malformed, tensors overlap or leave the file, arrays
            of the tokenizer have different lengths, or a chat template could do more
            than put text together.
    """
    del options
    head = read_head(source)
    _verify_tokenizer(head)
    templates, findings = _templates(head, source)
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


def _verify_tokenizer(head: Head) -> None:
    """Check arrays that llama.cpp reads by the number of tokens."""
    lengths = {v.key: v.items[1] for v in head.values if v.items is not None}
    for key in _BESIDE_TOKENS:
        if key in lengths and lengths[key] != lengths.get(_TOKENS, 0):
            raise RefusedError(
                "gguf/tokenizer",
                f"{key} has {lengths[key]} items for {lengths.get(_TOKENS, 0)} tokens",
            )
    for value in head.values:
        if value.key in {_TOKENS, *_BESIDE_TOKENS} and value.items is None:
            raise RefusedError("gguf/tokenizer", f"{value.key} is no array")


def _templates(head: Head, source: Source) -> tuple[list[Json], list[Finding]]:
    """Review every template of the head; return label and digest of each."""
    digests: list[Json] = []
    findings: list[Finding] = []
    for value in head.values:
        if "template" in value.key and value.kind == TEXT:
            found = review(text_of(source, value), label=value.key)
            digests.append([value.key, found.digest])
            findings.extend(found.findings)
    return digests, findings


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

        def copy(tensor: Tensor) -> str:
            stretch = source.window(head.data_start + tensor.offset, tensor.length)
            place = start + placed[tensor.name]
            digest = copy_hashed(stretch, file, place)
            file.put(place + tensor.length, bytes(-tensor.length % head.alignment))
            return digest

        with ThreadPoolExecutor(_THREADS) as pool:
            digests = list(pool.map(copy, head.tensors))
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
