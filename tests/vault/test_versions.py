"""Names of versions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import InputError
from strongroom.vault.versions import parse_target


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("llm", ("llm", None, "main")),
        ("llm@3", ("llm", 3, "main")),
        ("llm@v3", ("llm", 3, "main")),
        ("llm@prod", ("llm", None, "prod")),
        ("llm@main", ("llm", None, "main")),
        ("größer", ("größer", None, "main")),
        ("a b", ("a b", None, "main")),
    ],
)
def test_a_target_is_a_name_and_perhaps_a_version(
    text: str, meaning: tuple[str, int | None, str]
) -> None:
    assert parse_target(text) == meaning


@pytest.mark.parametrize(
    "text",
    ["", "@", "@1", "llm@", "llm@@1", "llm@1@2", "llm@PROD", "llm@-1", "llm@1.0"],
)
def test_what_is_no_target_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="names no version"):
        parse_target(text)


@given(st.text(max_size=200))
def test_any_text_is_a_target_or_refused(text: str) -> None:
    try:
        name, number, reference = parse_target(text)
    except InputError:
        return
    assert name
    assert "@" not in name
    assert number is None or number >= 0
    assert reference
