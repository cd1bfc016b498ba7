"""Pickles that consist of letters."""

from __future__ import annotations

import pickle
from fractions import Fraction

import pytest

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats.pickle_letters import verify_no_pickle
from tests.corpus.tars_of_letters import tar_of_letters


@pytest.mark.parametrize(
    "text",
    [
        "cos\nsystem\n(S'id'\ntR.",
        "(S'id'\nios\nsystem\n.",
        "cantigravity\ngeohash\n.",
        "cos\nsystem\n(S'id'\ntR then garbage",
        "I1\ncos\nsystem\np0\n(Vid\ntRp1\n.",
        "K!q!cos\nsystem\nU!" + "x" * 33 + "R",
        "S'os'\nS'system'\nq\u00d3(S'id'\ntR.",
        "S'os'\nS'system'\nq\u0413(S'id'\ntq\u0081.",
        "(" * 1_000_001,
        "(0" * 20_000 + "cos\nsystem\n(S'id'\ntR.",
        pickle.dumps(Fraction(1, 3), protocol=0).decode(),  # made here, never loaded
        "L119547037146038801333356L\n.I1001\n.(d.cos\nsystem\n(S'id'\ntR.",  # of torch
        "]Nbcos\nsystem\n(S'id'\ntR.",
        "ca-b\nc\u00e9\n(S'id'\ntR.",
    ],
)
def test_what_unpickling_would_run_is_refused(text: str) -> None:
    with pytest.raises(RefusedError) as caught:
        verify_no_pickle(text)
    assert caught.value.rule == "text/pickle"


def test_a_tar_file_of_letters_is_refused() -> None:
    """Torch finds its pickles, and runs what they name."""
    with pytest.raises(RefusedError) as caught:
        verify_no_pickle(tar_of_letters().decode())
    assert caught.value.rule == "text/tar"


@pytest.mark.parametrize(
    "text",
    [
        "conda\nbase\nenvironments",
        "c\nb\na\n",
        "is\nit\nso?",
        "(c) 2026",
        "os.*",
        "b.example/w+f72f7ce2",
        "{% for m in messages %}{{ m }}{% endfor %}",
        "(" * 100_000,
        "." * 100_000,
        "N.B. this is no pickle",
        "",
    ],
)
def test_sentences_are_no_pickles(text: str) -> None:
    verify_no_pickle(text)
