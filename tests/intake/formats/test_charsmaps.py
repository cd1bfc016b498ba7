"""No letters lead out of a table of normalisation."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Iterator
from functools import cache

import pytest
import sentencepiece
from hypothesis import given
from hypothesis import strategies as st
from sentencepiece import sentencepiece_model_pb2

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats.charsmaps import verify_charsmap

BLOCK = [0] * 256


def table(units: list[int], texts: bytes = b"x\0") -> bytes:
    data = struct.pack(f"<{len(units)}I", *units)
    return struct.pack("<I", len(data)) + data + texts


@pytest.mark.parametrize("rule", ["nmt_nfkc", "nfkc", "nmt_nfkc_cf", "nfkc_cf"])
def test_the_tables_of_the_library_pass(rule: str) -> None:
    verify_charsmap(charsmap(rule))


@cache
def charsmap(rule: str) -> bytes:
    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["a b c d"] * 9), model_writer=made, vocab_size=8,
        normalization_rule_name=rule, hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    model = sentencepiece_model_pb2.ModelProto.FromString(made.getvalue())
    return bytes(model.normalizer_spec.precompiled_charsmap)


def attacks() -> Iterator[tuple[str, bytes]]:
    yield "a length past the end", struct.pack("<I", 2**32 - 1) + bytes(1030)
    yield "half a block", table([0] * 255)
    yield "no array", table([])
    yield "no text", table(BLOCK, b"")
    yield "a text without an end", table(BLOCK, b"x")
    yield "a root that leads out", table([1 << 18, *BLOCK[1:]])
    yield "a text past the last one", table([1 << 10 | 1 << 8, 2**31 | 2, *BLOCK[2:]])
    yield "a text that nothing leads to", table([0, 2**31 | 2, *BLOCK[2:]])
    yield "a way to a text that is none", table([1 << 10 | 1 << 8, *BLOCK[1:]])


@pytest.mark.parametrize(("name", "data"), [(n, d) for n, d in attacks()])
def test_sentencepiece_1269_a_table_that_leads_out_of_itself_is_refused(
    name: str, data: bytes
) -> None:
    with pytest.raises(RefusedError) as refused:
        verify_charsmap(data)
    assert refused.value.rule == "sentencepiece/charsmap", name


@pytest.mark.parametrize("seed", range(40))
def test_what_passes_is_what_the_library_loads(seed: int) -> None:
    """Tables came out that it refuses: where what leads to a text leads elsewhere."""
    chosen = random.Random(seed)  # noqa: S311  # a test
    data = bytearray(charsmap("nmt_nfkc"))
    for _ in range(chosen.randrange(1, 4)):
        data[chosen.randrange(len(data))] = chosen.randrange(256)
    try:
        verify_charsmap(bytes(data))
    except RefusedError:
        assert not loads(bytes(data))
    else:
        assert loads(bytes(data))


def loads(charsmap: bytes) -> bool:
    model = sentencepiece_model_pb2.ModelProto()
    model.pieces.add(piece="?", type=2, score=0)
    model.pieces.add(piece="a", score=0)
    model.normalizer_spec.precompiled_charsmap = charsmap
    try:
        sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())
    except RuntimeError:
        return False
    return True


@given(st.binary(max_size=64), st.lists(st.integers(0, 2**32 - 1), max_size=8))
def test_any_table_is_read_or_refused(tail: bytes, units: list[int]) -> None:
    try:
        verify_charsmap(table([*units, *BLOCK][:256], tail))
    except RefusedError:
        return
    assert tail.endswith(b"\0")
