"""A place on a hub is a publisher, a repository and a commit, never a branch."""

from __future__ import annotations

import pytest

from strongroom.errors import InputError
from strongroom.intake.origins import NOWHERE, Origin, parse_origin

COMMIT = "a1" * 20
LLAMA = Origin(publisher="acme", repository="Llama-3.1_8B", commit=COMMIT)


def test_an_address_says_all_three_and_comes_back() -> None:
    assert parse_origin(LLAMA.address) == LLAMA
    assert LLAMA.address == f"hf://acme/Llama-3.1_8B@{COMMIT}"
    assert Origin(publisher="acme").address == "hf://acme"
    assert NOWHERE.address == ""


def test_words_are_no_place() -> None:
    assert parse_origin("on a disk from our partner") == NOWHERE


@pytest.mark.parametrize(
    "text",
    [
        "hf://",
        "hf://acme",
        "hf://acme/llama",
        "hf://acme/llama@",
        "hf://acme/llama@main",
        "hf://acme/llama@v1.0",
        f"hf://acme/llama@{COMMIT[:39]}",
        f"hf://acme/llama@{COMMIT}0",
        f"hf://acme/llama@{COMMIT.upper()}",
        f"hf://acme/llama/more@{COMMIT}",
        f"hf://../llama@{COMMIT}",
        f"hf://acme/..@{COMMIT}",
        f"hf://ac me/llama@{COMMIT}",
        f"hf://acme/llama?x@{COMMIT}",
        f"hf://acme/-llama@{COMMIT}",
        f"hf://acme/a--b@{COMMIT}",
        f"hf://acme/{'a' * 97}@{COMMIT}",
        f"hf://{'a' * 5000}",
    ],
)
def test_what_is_no_place_with_its_commit_is_refused(text: str) -> None:
    with pytest.raises(InputError) as raised:
        parse_origin(text)

    assert len(str(raised.value)) < 300


def test_a_commit_belongs_to_a_repository_of_somebody() -> None:
    with pytest.raises(InputError, match="a commit is one of a repository"):
        Origin(publisher="acme", commit=COMMIT)
    with pytest.raises(InputError, match="a commit is one of a repository"):
        Origin(repository="llama")


@pytest.mark.parametrize(
    ("wide", "covers"),
    [
        (NOWHERE, True),
        (Origin(publisher="acme"), True),
        (Origin(publisher="acme", repository="Llama-3.1_8B"), True),
        (LLAMA, True),
        (Origin(publisher="other"), False),
        (Origin(publisher="acme", repository="llama"), False),
        (
            Origin(publisher="acme", repository="Llama-3.1_8B", commit="b2" * 20),
            False,
        ),
    ],
)
def test_a_place_covers_what_says_the_same(wide: Origin, covers: bool) -> None:
    assert wide.covers(LLAMA) is covers
