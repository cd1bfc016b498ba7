"""Names of versions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import InputError
from strongroom.types import Secret, id_bytes
from strongroom.vault.versions import artifact_id, parse_target


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


def test_an_id_of_a_model_is_the_same_in_every_version_of_strongroom() -> None:
    """Another id for a name would be another lineage, held by nobody."""
    key = Secret(bytes(range(32)))

    assert artifact_id(key, "llm") == "model-ihx7z4shu2ozh4icwcs3xfvtii"
    assert len(id_bytes(artifact_id(key, "llm"))) == 16


def test_an_id_of_a_model_depends_on_name_and_room() -> None:
    keys = [Secret(bytes(32)), Secret(b"\1" * 32)]

    assert len({artifact_id(key, name) for key in keys for name in ("a", "b")}) == 4
