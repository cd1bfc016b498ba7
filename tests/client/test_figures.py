"""Figures of a room, and the drill of a revocation by the real path."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from strongroom.client.figures import drill_revocation, figures
from strongroom.errors import DeniedError, InputError, MissingError
from strongroom.types import Classification
from tests.journeys.fixtures import clock, house, kind, model, quick
from tests.journeys.rooms import House
from tests.permits.openings import BLOCK, newest

__all__ = ["clock", "house", "kind", "model", "quick"]


@pytest.fixture
def llm(house: House, model: Path) -> House:
    house.publish(model)
    return house


def ticking() -> Iterator[float]:
    return (second / 1000 for second in count())


def test_a_room_says_who_could_be_handed_what(llm: House) -> None:
    found = figures(llm.room.room, llm.actors["ada"])

    assert found.count.people[Classification.RESTRICTED] == 3
    assert (found.count.oldest, found.drill) == (None, None)


def test_a_drill_revokes_uses_and_records(llm: House) -> None:
    row = llm.permit("ana", BLOCK)
    ticks = ticking()

    drill = drill_revocation(
        llm.room.room, llm.actors["ana"], row.id, timer=lambda: next(ticks)
    )

    assert (drill.permit, drill.microseconds) == (row.id, 1000)
    assert newest(llm)["kind"] == "revocation.drilled"
    assert figures(llm.room.room, llm.actors["ada"]).drill == drill
    with pytest.raises(DeniedError):
        llm.by("ana").open(row.id)


def test_a_drill_is_of_a_permit_of_ones_own(llm: House) -> None:
    row = llm.permit("ana", BLOCK)

    with pytest.raises(InputError, match="of one's own"):
        drill_revocation(llm.room.room, llm.actors["ben"], row.id)
    with pytest.raises(MissingError):
        drill_revocation(llm.room.room, llm.actors["ana"], "permit-nothing")

    assert llm.by("ana").open(row.id).check() > 0
