"""Values that llama.cpp believes without looking fit together, or are refused."""

from __future__ import annotations

import pytest

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats.gguf_files import rewrite
from tests.intake.formats.gguf_maker import made, pair, text, u32, u64
from tests.intake.hostile import rewritten

TOKENS = pair("tokenizer.ggml.tokens", 9, u32(8) + u64(2) + text("a") + text("b"))


def array(key: str, kind: int, count: int, items: bytes) -> bytes:
    return pair(f"tokenizer.ggml.{key}", 9, u32(kind) + u64(count) + items)


def rule_of(*pairs: bytes) -> str:
    with pytest.raises(RefusedError) as refused:
        rewritten(rewrite, made(pairs), "m.gguf")
    return refused.value.rule


def test_what_converters_write_comes_out() -> None:
    pairs = [
        TOKENS,
        array("scores", 6, 2, bytes(8)),
        array("token_type", 5, 2, bytes(8)),
        array("merges", 8, 1, text("a b")),
        pair("tokenizer.ggml.eos_token_id", 4, u32(1)),
        pair("tokenizer.ggml.padding_token_id", 4, u32(2**32 - 1)),
        pair("llama.attention.head_count", 4, u32(32)),
        pair("deci.attention.head_count", 9, u32(5) + u64(2) + u32(8) + u32(0)),
        pair("mamba.attention.head_count", 4, u32(0)),
        pair("rwkv6.attention.head_count", 4, u32(0)),
    ]
    assert rewritten(rewrite, made(pairs), "m.gguf")[1]


def test_a_token_without_a_list_of_tokens_comes_out() -> None:
    assert rewritten(
        rewrite, made([pair("tokenizer.ggml.eos_token_id", 4, u32(7))]), "m.gguf"
    )[1]


@pytest.mark.parametrize(
    ("key", "kind", "items"),
    [
        ("token_type", 0, bytes(2)),
        ("token_type", 8, text("a") * 2),
        ("scores", 0, bytes(2)),
        ("scores", 12, bytes(16)),
        ("merges", 4, bytes(8)),
    ],
)
def test_an_array_of_another_type_than_the_format_says_is_refused(
    key: str, kind: int, items: bytes
) -> None:
    """llama.cpp reads four bytes a token, behind the end of an array of bytes."""
    assert rule_of(TOKENS, array(key, kind, 2, items)) == "gguf/tokenizer"


@pytest.mark.parametrize("name", ["bos", "eos", "eot", "eom"])
def test_a_token_that_is_none_is_refused(name: str) -> None:
    key = f"tokenizer.ggml.{name}_token_id"
    for kind, value in ((4, u32(2)), (5, u32(2**32 - 1)), (6, u32(0)), (8, text("b"))):
        assert rule_of(TOKENS, pair(key, kind, value)) == "gguf/tokenizer"


def test_a_model_with_attention_and_no_heads_is_refused() -> None:
    """Programs divide the width of a layer by the number of its heads."""
    for key in ("llama", "clip.vision"):
        count = pair(f"{key}.attention.head_count", 4, u32(0))
        assert rule_of(count) == "gguf/heads"
