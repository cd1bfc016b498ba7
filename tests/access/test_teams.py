"""A name can be typed, read, and told apart from every other and from an id."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access.teams import (
    MAX_NAME_LENGTH,
    checked_name,
    ensure_team,
    find_team,
)
from strongroom.errors import InputError
from strongroom.types import AccountId
from tests.access.rooms import Rooms, Said


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


def test_a_name_has_64_characters_at_most() -> None:
    assert checked_name("a" * 64, what="a model")
    with pytest.raises(InputError, match="is no name"):
        checked_name("a" * 65, what="a model")


def test_what_could_be_an_id_is_no_name_and_what_could_not_is_one() -> None:
    bare = "a" * 26
    for name in (f"project-{bare}", f"x-{bare}"):
        with pytest.raises(InputError, match="is no name"):
            checked_name(name, what="a model")
    assert checked_name(f"project-{bare[1:]}", what="a model")
    assert checked_name(bare, what="a model") == bare


def test_a_team_is_made_once_and_the_entry_says_by_whom(rooms: Rooms) -> None:
    by = AccountId("account-root")
    with rooms.world.ledger.transaction() as writing:
        assert find_team(writing, "alpha") is None
        made = ensure_team(writing, "alpha", by=by, random=os.urandom)
        other = ensure_team(writing, "beta", by=by, random=os.urandom)
    with rooms.world.ledger.transaction() as writing:
        assert ensure_team(writing, "alpha", by=by, random=os.urandom) == made
        assert find_team(writing, "beta") == other
        with pytest.raises(InputError, match="is no name for a team"):
            ensure_team(writing, "Alpha", by=by, random=os.urandom)

    assert made.revision == 1
    assert rooms.said("team.created") == [
        Said(by, None, {"team": team.id}, {"name": team.name}, by)
        for team in (made, other)
    ]
