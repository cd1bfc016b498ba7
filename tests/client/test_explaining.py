"""What policy would say, asked without doing it."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.access.policy import Allow, Decision, Deny
from strongroom.client.client import Strongroom
from strongroom.client.explaining import ACTIONS, ROOMS, explain
from strongroom.errors import InputError, MissingError
from tests.journeys.rooms import House

ACCOUNT = ("account:change", "role:change")


@pytest.fixture
def sealed(solo_room: Strongroom, model: Path) -> Strongroom:
    """Give one person's room with one model."""
    solo_room.seal(model, name="llm")
    return solo_room


def ask(room: Strongroom, action: str, name: str = "", *segments: str) -> Decision:
    return explain(room.room, room.actor, action, name, segments=segments)


def about(action: str, permit: str) -> str:
    """Return the name of something that ``action`` can be about."""
    if action in ROOMS:
        return ""
    others = ("request:", "permit:revoke", "breakglass:")
    if action.startswith(others) and action != "request:create":
        return permit
    names = {
        "account:change": "me",
        "role:change": "me",
        "training:record": "me",
        "access:answer": "me",
        "training:acknowledge": "me",
        "training:read": "me",
        "project:change": "default",
    }
    return names.get(action, "llm")


def test_each_action_can_be_judged_with_the_facts_that_are_found(
    sealed: Strongroom,
) -> None:
    asked = sealed.request("llm", purpose="a test")
    assert asked.permit is not None

    for action in ACTIONS:
        decision = ask(sealed, action, about(action, asked.permit.request))

        if isinstance(decision, Deny):
            assert "facts-unclear" not in decision.reasons, (action, decision)


def test_the_answer_is_the_one_that_the_act_itself_gets(
    house: House, model: Path
) -> None:
    house.publish(model)
    ana = house.by("ana")

    part = ask(ana, "request:create", "llm", "biases")
    whole = ask(ana, "request:create", "llm")

    assert isinstance(part, Allow)
    asked = ana.request("llm", segments=["biases"], purpose="x")
    assert asked.request.state == "pending"
    assert isinstance(whole, Deny)
    assert "person-cap" in whole.reasons


def test_an_own_request_is_not_to_be_approved(house: House, model: Path) -> None:
    house.publish(model)
    asked = house.by("ana").request("llm", segments=["biases"], purpose="x").request

    own = ask(house.by("ana"), "request:approve", asked.id)

    assert isinstance(own, Deny)
    assert isinstance(ask(house.by("ines"), "request:approve", asked.id), Allow)


def test_nothing_is_recorded(house: House, model: Path) -> None:
    house.publish(model)
    before = house.by("root").records.tail(1)[0].position

    ask(house.by("ana"), "request:create", "llm")

    assert house.by("root").records.tail(1)[0].position == before


@pytest.mark.parametrize("action", ["", "model:steal", "segment:release "])
def test_an_action_that_does_not_exist_is_refused(
    solo_room: Strongroom, action: str
) -> None:
    with pytest.raises(InputError, match="there is no action"):
        ask(solo_room, action)


def test_an_action_about_nothing_is_refused(solo_room: Strongroom) -> None:
    with pytest.raises(InputError, match="is about a model, request"):
        ask(solo_room, "model:show")


@pytest.mark.parametrize("action", ["model:show", "request:approve", "account:change"])
def test_what_is_not_there_is_named(solo_room: Strongroom, action: str) -> None:
    with pytest.raises(MissingError):
        ask(solo_room, action, "absent")
