"""Which segments a request means, and who is told their names."""

from __future__ import annotations

import pytest

from strongroom.errors import DeniedError, InputError, MissingError
from strongroom.types import Role
from tests.journeys.rooms import House
from tests.permits.openings import BLOCK, draft


def test_an_unknown_segment_says_which_exist_to_who_may_know(sealed: House) -> None:
    with pytest.raises(MissingError) as caught:
        sealed.by("ana").request("llm", segments=["blocks.99"], purpose="x")
    assert BLOCK in caught.value.hint


def test_an_unknown_segment_says_nothing_to_others(sealed: House) -> None:
    """Names of segments once went to people outside the project."""
    sealed.admit("eve", "delta", Role.RESEARCHER)
    requests = sealed.room.room.requests
    for ask in (requests.preview, requests.ask):
        with pytest.raises(DeniedError) as caught:
            ask(sealed.actors["eve"], draft("blocks.99"))
        assert BLOCK not in caught.value.hint


@pytest.mark.parametrize("target", ["none", "llm@9", "llm@prod"])
def test_what_does_not_exist_is_missing(sealed: House, target: str) -> None:
    with pytest.raises(MissingError):
        sealed.by("ana").request(target, segments=[BLOCK], purpose="x")


@pytest.mark.parametrize("target", ["", "@", "llm@", "llm@v", "llm@1@2", "@1"])
def test_what_names_no_version_is_refused(sealed: House, target: str) -> None:
    with pytest.raises((InputError, MissingError)):
        sealed.by("ana").request(target, segments=[BLOCK], purpose="x")


def test_the_whole_of_a_restricted_model_is_refused(sealed: House) -> None:
    with pytest.raises(DeniedError) as caught:
        sealed.by("ana").request("llm", purpose="all of it")
    assert "no-whole-model-to-a-person" in caught.value.reasons
