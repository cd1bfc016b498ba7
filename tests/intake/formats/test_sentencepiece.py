"""Pieces come out so that SentencePiece splits text as before."""

from __future__ import annotations

import io
import warnings
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import sentencepiece as subject
from tests.intake.hostile import mutated, rewritten, rewritten_or_refused

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # SWIG's types, before Python 3.13
    import sentencepiece

UNKNOWN = b"\x0a\x05\x0a\x01?\x18\x02"
INFINITE = b"\x0a\x08\x0a\x01b\x15\x00\x00\x80\x7f"
CONTROL = b"\x0a\x05\x0a\x01a\x18\x03"
LONG = b"\x0a\xc3\x3e\x0a\xc0\x3e" + b"a" * 8000
PAIRS = b"\x12\x02\x18\x02"  # the algorithm
PIECE = b"\x0a\x03\x0a\x01a"
TEXT = "the cat sat on the mat and the dog sat on the cat"


@cache
def trained() -> bytes:
    file = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([TEXT] * 20),
        model_writer=file,
        vocab_size=18,
        user_defined_symbols=["<x>"],
        minloglevel=2,
    )
    return file.getvalue()


def split(model: bytes) -> list[str]:
    words = sentencepiece.SentencePieceProcessor(model_proto=model).encode(
        TEXT, out_type=str
    )
    return list(words)


def test_text_is_split_as_before() -> None:
    result, files = rewritten(subject.rewrite, trained(), "tokenizer.model")

    assert split(files["tokenizer.model"]) == split(trained())
    assert result.facts == {"pieces": 18}


def loads(model: bytes) -> bool:
    try:
        split(model)
    except RuntimeError:
        return False
    return True


def rule_of(data: bytes) -> str:
    with pytest.raises(RefusedError) as refused:
        rewritten(subject.rewrite, data, "tokenizer.model")
    return refused.value.rule


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "sentencepiece/size"),
        (b"\x0a\x02\x0a\x00", "sentencepiece/piece"),
        (b"\x0a\x05\x0a\x01a\x18\x63", "sentencepiece/piece"),
        (b"\x0a\x03\x0a\x01\x00", "sentencepiece/piece"),
        (b"\x0a\x03\x0a\x01a", "sentencepiece/piece"),  # none for what is unknown
        (b"\x0a\x05\x0a\x01a\x18\x02" * 2, "sentencepiece/piece"),
        (UNKNOWN, "sentencepiece/piece"),  # nothing that text is split into
        (UNKNOWN + b"\x0a\x05\x0a\x01a\x18\x03", "sentencepiece/piece"),
        (UNKNOWN + PIECE * 2, "sentencepiece/piece"),
        (UNKNOWN + PIECE + INFINITE, "sentencepiece/piece"),
        (UNKNOWN + PIECE + LONG, "sentencepiece/piece"),
        (UNKNOWN + PIECE + PAIRS + CONTROL, "sentencepiece/piece"),
        (UNKNOWN + PIECE + b"\x0a\x05\x0a\x01b\x18\x06", "sentencepiece/piece"),
        (UNKNOWN + PIECE + b"\x12\x02\x18\x09", "sentencepiece/piece"),
        (UNKNOWN + PIECE + b"\x12\x03\x98\x02\x01", "sentencepiece/piece"),
        (b"\x0a\x03\x0a\x01\xff", "protobuf/text"),
        (b"\x0a\x7f\x0a\x01a", "protobuf/wire"),
        (b"\x0a\x03\x0a\x01a\xc2\x0c\x01evil", "protobuf/field"),
    ],
)
def test_what_is_no_such_model_is_refused(data: bytes, rule: str) -> None:
    assert rule_of(data) == rule


def test_what_a_trainer_left_in_it_is_left_out() -> None:
    data = UNKNOWN + PIECE + b"\x12\x0d\x0a\x0b/home/x.txt"
    result, files = rewritten(subject.rewrite, data, "tokenizer.model")

    assert b"/home" not in files["tokenizer.model"]
    assert result.changes == ("left out: input",)


def test_a_text_may_be_a_piece_and_a_mark() -> None:
    _, files = rewritten(subject.rewrite, UNKNOWN + PIECE + CONTROL, "tokenizer.model")
    assert loads(files["tokenizer.model"])
    assert not loads(UNKNOWN + PIECE + CONTROL + PAIRS)
    assert not loads(UNKNOWN + PIECE + LONG)


@pytest.mark.parametrize("kind", ["unigram", "bpe", "word", "char"])
def test_every_algorithm_and_bytes_come_in(kind: str) -> None:
    file = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([TEXT] * 20),
        model_writer=file,
        model_type=kind,
        vocab_size=16 if kind != "unigram" else 280,
        hard_vocab_limit=False,
        byte_fallback=kind == "unigram",
        minloglevel=2,
    )
    _, files = rewritten(subject.rewrite, file.getvalue(), "tokenizer.model")
    assert split(files["tokenizer.model"]) == split(file.getvalue())


@given(st.data())
def test_a_changed_model_is_refused_or_comes_out(data: st.DataObject) -> None:
    changed = data.draw(mutated(trained()))
    files = rewritten_or_refused(subject.rewrite, changed, "tokenizer.model")

    if files is not None:
        assert loads(files["tokenizer.model"])
        again = rewritten(subject.rewrite, files["tokenizer.model"], "tokenizer.model")
        assert again[1] == files
