"""Names that are close are offered, if whoever typed could list them."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.access.projects import Membership
from strongroom.client.client import Strongroom
from strongroom.client.suggestions import suggesting
from strongroom.errors import MissingError
from tests.journeys.rooms import House


def hint(room: Strongroom, noun: str, named: str) -> str:
    with pytest.raises(MissingError, match="there is none") as caught, suggesting(room):
        raise MissingError("there is none", hint="list", noun=noun, named=named)
    return caught.value.hint


def test_a_name_with_a_typing_error_is_offered(house: House, model: Path) -> None:
    house.publish(model, "llama-base")
    ana = house.by("ana")

    assert hint(ana, "model", "lama-base") == "did you mean llama-base? list"
    assert hint(ana, "account", "olag") == "did you mean olga? list"
    assert hint(ana, "project", "DEFAULT") == "did you mean default? list"
    assert hint(ana, "model", "vision") == hint(ana, "", "olga") == "list"
    assert hint(ana, "model", "l" * 100_000) == "list"


def test_the_product_says_what_was_looked_for(house: House, model: Path) -> None:
    house.publish(model, "llama-base")
    with pytest.raises(MissingError) as caught, suggesting(house.by("ana")):
        house.by("ana").request("llama-bse", purpose="x")

    assert str(caught.value) == "there is no model 'llama-bse'"
    assert caught.value.hint == "did you mean llama-base? strongroom model list"


def test_a_model_that_is_not_to_be_seen_is_not_offered(
    house: House, model: Path
) -> None:
    """ATT&CK T1083: somebody types names until one is close to a hidden one."""
    people, root = house.room.room.people, house.actors["root"]
    people.add_project(root, "vision")
    people.set_member(root, "vision", "olga", Membership.MEMBER)
    house.by("olga").seal(model, name="secret-eyes", project="vision")

    assert hint(house.by("ana"), "model", "secret-eye") == "list"
    assert "secret-eyes" in hint(house.by("olga"), "model", "secret-eye")


def test_nobody_and_whose_session_ended_are_offered_nothing(house: House) -> None:
    ana = house.by("ana")
    ana.logout()

    assert hint(house.room, "account", "olag") == "list"
    assert hint(ana, "account", "olag") == "list"
