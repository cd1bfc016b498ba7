"""The same verbs as the command line, for Python."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from strongroom.client.client import Strongroom
from strongroom.errors import DeniedError, InputError, MissingError
from tests.journeys.rooms import House


def test_nobody_acts_before_a_login(house: House) -> None:
    assert not house.room.bound
    with pytest.raises(DeniedError, match="nobody is logged in"):
        house.room.request("llm", purpose="x")


def test_a_permit_opens_by_its_id_and_by_its_request(
    solo_room: Strongroom, model: Path
) -> None:
    solo_room.seal(model, name="llm")
    asked = solo_room.request("llm", segments=["biases"], purpose="x")
    assert asked.permit is not None
    for target in (asked.permit.id, asked.request.id, asked.permit.id[:20]):
        with solo_room.open(target) as handle:
            assert handle.segments == ("biases",)


def test_what_does_not_exist_does_not_open(solo_room: Strongroom, model: Path) -> None:
    solo_room.seal(model, name="llm")
    for target in ("other", "llm@7", "permit-nothing", "request-nothing"):
        with pytest.raises(MissingError):
            solo_room.open(target, purpose="x")
    with pytest.raises(MissingError) as caught:
        solo_room.open("llm", segments=["none"], purpose="x")
    assert "biases" in caught.value.hint


def test_a_request_lasts_as_long_as_was_asked(
    solo_room: Strongroom, model: Path
) -> None:
    solo_room.seal(model, name="llm")
    asked = solo_room.request("llm", purpose="x", duration=timedelta(minutes=3))
    assert asked.permit is not None
    assert asked.permit.expires_at == solo_room.room.now() + timedelta(minutes=3)


def test_a_class_that_is_none_and_no_custodian_at_all_are_refused(
    solo_room: Strongroom, model: Path
) -> None:
    """The one once left as a ValueError, and the other was taken for the default."""
    for text in ("secret", ""):
        with pytest.raises(InputError, match="there is no class") as caught:
            solo_room.seal(model, name="llm", classification=text)
        assert "restricted" in caught.value.hint
    with pytest.raises(InputError, match="at least one custodian"):
        solo_room.seal(model, name="llm", custodians=0)
