"""Compares values of a GGUF file that programs believe without looking.

llama.cpp reads scores and types of tokens by the number of tokens, as numbers of four
bytes whatever type the array has; a token that ends a text is an index; the width of a
layer is divided by the number of heads.

Source: the page about GGUF in ggml's own documentation; ``llama-vocab.cpp``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats.gguf import (
    F32,
    I32,
    TEXT,
    U32,
    Head,
    Value,
    number_of,
)
from strongroom.intake.sources import Source

_TOKENS = "tokenizer.ggml.tokens"
_ARRAYS: Mapping[str, frozenset[int]] = {
    _TOKENS: frozenset({TEXT}),
    "tokenizer.ggml.scores": frozenset({F32}),
    "tokenizer.ggml.token_type": frozenset({I32, U32}),  # some writers have no I32
    "tokenizer.ggml.merges": frozenset({TEXT}),
}
_ONE_FOR_EACH_TOKEN = ("tokenizer.ggml.scores", "tokenizer.ggml.token_type")
_TOKEN = re.compile(r"tokenizer\.ggml\.(?:bos|eos|eot|eom)_token_id")
"""Those that every program looks up.  Of others, as for padding, files that people have
name tokens beyond the last one, and llama.cpp takes them for none."""

_HEADS = re.compile(r"(?P<architecture>.+)\.attention\.head_count")
_WITHOUT_HEADS = re.compile(r"a?rwkv.*|mamba.*")  # whose converters write a zero


def verify_values(head: Head, source: Source) -> None:
    """Check values that are read by other values.

    Args:
        head: The head of the file.
        source: The whole file.

    Raises:
        RefusedError: Arrays of the tokenizer have other types or lengths, a token that
            begins or ends a text is none, or a model with attention has no heads.
    """
    _verify_arrays(head)
    tokens = next((v.items[1] for v in head.values if v.key == _TOKENS and v.items), 0)
    for value in head.values:
        if _TOKEN.fullmatch(value.key):
            number = number_of(source, value)
            if number is None or number < 0 or (tokens and number >= tokens):
                raise _refused(f"{value.key} is {number}, of {tokens} tokens")
        found = _HEADS.fullmatch(value.key)
        if found and not _WITHOUT_HEADS.fullmatch(found["architecture"]):
            _verify_heads(value, source)


def _verify_arrays(head: Head) -> None:
    lengths = {v.key: v.items[1] for v in head.values if v.items is not None}
    for value in head.values:
        kinds = _ARRAYS.get(value.key)
        if kinds is not None and value.items is None:
            raise _refused(f"{value.key} is no array")
        if kinds is not None and value.items and value.items[0] not in kinds:
            raise _refused(f"{value.key} is an array of the type {value.items[0]}")
    for key in _ONE_FOR_EACH_TOKEN:
        if key in lengths and lengths[key] != lengths.get(_TOKENS, 0):
            raise _refused(
                f"{key} has {lengths[key]} items for {lengths.get(_TOKENS, 0)} tokens"
            )


def _verify_heads(value: Value, source: Source) -> None:
    if value.items is None and (number_of(source, value) or 0) <= 0:
        raise RefusedError("gguf/heads", f"{value.key} is no count, or zero")


def _refused(message: str) -> RefusedError:
    return RefusedError("gguf/tokenizer", message)
