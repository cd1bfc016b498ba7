"""Which permit is taken when only a name is given."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from strongroom.client.client import Strongroom
from strongroom.client.usable import usable_permit
from tests.journeys.rooms import Clock, House


@pytest.fixture
def sealed(house: House, model: Path) -> House:
    """Give a house with one published, restricted model."""
    house.publish(model)
    return house


def found(house: House, name: str, *segments: str) -> str | None:
    row = usable_permit(house.room.room, house.actors[name], "llm", segments)
    return row.id if row else None


def test_of_several_the_one_that_lasts_longest(sealed: House) -> None:
    sealed.permit("ana", "biases", duration=timedelta(hours=1))
    longest = sealed.permit("ana", "biases", duration=timedelta(hours=3))
    sealed.permit("ana", "biases", duration=timedelta(hours=2))
    assert found(sealed, "ana", "biases") == longest.id


def test_of_those_that_wait_the_one_that_waits_least(
    solo_room: Strongroom, model: Path, clock: Clock
) -> None:
    """Asking again made every opening wait another day."""
    solo_room.seal(model, name="llm", classification="restricted")
    first = solo_room.request("llm", purpose="look").permit
    clock.advance(hours=1)
    solo_room.request("llm", purpose="look")
    assert first is not None
    for hours in (0, 23):
        clock.advance(hours=hours)
        row = usable_permit(solo_room.room, solo_room.actor, "llm", ())
        assert row is not None
        assert row.id == first.id


def test_none_that_is_revoked_expired_or_somebody_elses(sealed: House) -> None:
    row = sealed.permit("ana", "biases")
    assert found(sealed, "ben", "biases") is None
    assert found(sealed, "ana", "head") is None
    sealed.by("ana").revoke(row.id)
    assert found(sealed, "ana", "biases") is None
    sealed.permit("ana", "biases", duration=timedelta(minutes=5))
    sealed.clock.advance(minutes=5)
    assert found(sealed, "ana", "biases") is None
