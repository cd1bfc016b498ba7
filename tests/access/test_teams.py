"""A name can be typed, read, and told apart from every other and from an id."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access.teams import MAX_NAME_LENGTH, checked_name
from strongroom.errors import InputError


@pytest.mark.parametrize("name", ["a", "llm", "llama-3.1_8b", "0", "a" * 64])
def test_a_plain_name_is_taken(name: str) -> None:
    assert checked_name(name, what="a model") == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "A",
        "ä",
        "модель",
        "a b",
        "../x",
        "a..b",
        "-a",
        ".a",
        "a/b",
        "a\n",
        "a" * 300,
    ],
)
def test_a_name_that_could_be_misread_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="is no name for a model"):
        checked_name(name, what="a model")


@given(st.text(max_size=MAX_NAME_LENGTH + 10))
def test_no_name_leaves_ascii_or_its_folder(name: str) -> None:
    try:
        checked_name(name, what="a model")
    except InputError:
        return
    assert name.isascii()
    assert "/" not in name
    assert ".." not in name
    assert name == name.lower()
