"""Why it was declined is for whoever sees the request, until it is erased."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.access.accounts import AccountState
from strongroom.errors import DeniedError
from tests.journeys.rooms import House


def reasons(house: House, name: str) -> list[str]:
    found = house.by(name).records.requests(every=True)
    return [one.reason for one in found if one.request.action == "segment:release"]


@pytest.fixture
def declined(house: House, model: Path) -> str:
    """Return a request of ana that tom declined."""
    house.publish(model)
    asked = house.by("ana").request("llm", segments=["biases"], purpose="a test")
    house.by("tom").decline(asked.request.id, reason="ask for less")
    return asked.request.id


def test_the_asker_and_who_decides_see_it_and_nobody_else(
    house: House, declined: str
) -> None:
    assert reasons(house, "ana") == reasons(house, "ada") == ["ask for less"]
    assert reasons(house, "ben") == []
    with pytest.raises(DeniedError) as refused:
        house.by("ana").open(declined)
    assert f"strongroom requests {declined}" in refused.value.hint


def test_without_a_reason_there_is_none(house: House, model: Path) -> None:
    house.publish(model)
    asked = house.by("ana").request("llm", segments=["biases"], purpose="a test")
    assert reasons(house, "ana") == [""]
    house.by("tom").decline(asked.request.id)
    assert reasons(house, "ana") == [""]


def test_it_is_gone_with_the_text_of_whom_it_was_about(
    house: House, declined: str
) -> None:
    root = house.by("root")
    root.room.people.change_state(root.actor, "ana", AccountState.LEFT)
    asked = root.room.persons.erasures.ask(root.actor, "ana")
    house.by("ines").approve(asked.id)

    assert declined
    assert reasons(house, "ada") == [""]
