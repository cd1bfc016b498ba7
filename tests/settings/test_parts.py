"""Parts of a room's settings: what they may say, and the TOML they become."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import InputError
from strongroom.settings.parts import (
    Domain,
    PinnedSet,
    WitnessSettings,
    quoted,
)

HOME = Domain(name="home", custodian="file:custodians/home", store="folder:stores/home")
WITNESSES = WitnessSettings(policy=Path("witnesses.policy"), digest="a" * 64)
PAPERS = PinnedSet(
    key="recovery-a", domains=("home",), set_id=18423, shares=5, threshold=3
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)


@given(TEXTS)
def test_any_text_is_written_as_toml(text: str) -> None:
    """Characters beyond the basic plane, and DEL, once made an unreadable file."""
    assert tomllib.loads(f"text = {quoted(text)}") == {"text": text}


@given(custodian=TEXTS, store=TEXTS, file=TEXTS)
def test_a_domain_comes_back(custodian: str, store: str, file: str) -> None:
    domain = Domain(name="home", custodian=custodian, store=store, file=file)

    (table,) = tomllib.loads("\n".join(domain.to_toml()))["domain"]

    assert Domain.from_toml(table) == domain


def test_papers_and_witnesses_come_back() -> None:
    document = tomllib.loads("\n".join(PAPERS.to_toml() + WITNESSES.to_toml()))

    assert PinnedSet.from_toml(document["recovery"][0]) == PAPERS
    assert WitnessSettings.from_toml(document["witnesses"]) == WITNESSES


@pytest.mark.parametrize("line", ["releases_wait", "digest", "every_seconds"])
def test_a_line_that_is_missing_is_not_guessed(line: str) -> None:
    table = tomllib.loads("\n".join(WITNESSES.to_toml()))["witnesses"]
    del table[line]

    with pytest.raises(KeyError, match=line):
        WitnessSettings.from_toml(table)


@pytest.mark.parametrize("value", [1, 0, "true", []])
def test_whether_releases_wait_is_true_or_false(value: object) -> None:
    table = tomllib.loads("\n".join(WITNESSES.to_toml()))["witnesses"]

    with pytest.raises(TypeError, match="true or false"):
        WitnessSettings.from_toml(table | {"releases_wait": value})


@pytest.mark.parametrize(
    "name", ["", "Home", "1st", "a/b", "a" * 32, "h\u00f6me", "a\n"]
)
def test_a_domain_is_a_lower_case_word(name: str) -> None:
    with pytest.raises(InputError, match="no name for a custody domain"):
        replace(HOME, name=name)
