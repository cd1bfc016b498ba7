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
    RelyingParty,
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


@pytest.mark.parametrize(
    "party",
    [
        RelyingParty.at("localhost"),
        RelyingParty.at("rooms.example"),
        RelyingParty(
            domain="rooms.example",
            origins=("https://rooms.example", "https://a.rooms.example:8443"),
        ),
    ],
)
def test_where_passkeys_work_comes_back(party: RelyingParty) -> None:
    table = tomllib.loads("\n".join(party.to_toml()))["passkeys"]

    assert RelyingParty.from_toml(table) == party


def test_the_domain_alone_is_one_origin() -> None:
    assert RelyingParty.from_toml({"domain": "rooms.example"}).origins == (
        "https://rooms.example",
    )
    assert RelyingParty.at("localhost").origins == ("http://localhost",)


@pytest.mark.parametrize(
    ("domain", "origin"),
    [
        ("rooms.example", "http://rooms.example"),
        ("rooms.example", "https://example"),
        ("rooms.example", "https://rooms.example.evil"),
        ("rooms.example", "https://evilrooms.example"),
        ("rooms.example", "https://rooms.example/path"),
        ("rooms.example", "https://rooms.example:x"),
        ("rooms.example", "https://user@rooms.example"),
        ("rooms.example", "rooms.example"),
        ("rooms.example", "https://rooms.example:٣"),
        ("", "https://"),
        ("Rooms.example", "https://Rooms.example"),
        ("rooms example", "https://rooms example"),
        ("a" * 300, "https://" + "a" * 300),
    ],
)
def test_an_origin_outside_the_domain_is_refused(domain: str, origin: str) -> None:
    with pytest.raises(InputError):
        RelyingParty(domain=domain, origins=(origin,))


def test_passkeys_have_one_to_eight_origins() -> None:
    with pytest.raises(InputError):
        RelyingParty(domain="a.example", origins=())
    with pytest.raises(InputError):
        RelyingParty(domain="a.example", origins=("https://a.example",) * 9)


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
