"""Whoever judges an opening sees what was asked for; strangers see that it is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.client.openings import opening_named
from strongroom.errors import InputError, MissingError
from tests.journeys.rooms import House


def test_one_is_found_by_its_start_for_who_may_see_it(
    house: House, model: Path
) -> None:
    house.publish(model)
    permits = []
    for _ in range(2):
        asked = house.by("ana").request(
            "llm", segments=["biases"], purpose="a test", break_glass="it burns"
        )
        assert asked.permit is not None
        permits.append(asked.permit)
    room, first = house.room.room, permits[0]

    for name in ("ana", "ines", "ada"):
        for start in (first.id, first.id.removeprefix("permit-")[:12]):
            one, request = opening_named(room, house.actors[name], start)
            assert (one.glass.permit, one.opener) == (first.id, "ana")
            assert request.id == first.request
            assert request.payload()["words"] == {
                "purpose": "a test",
                "reason": "it burns",
            }
    with pytest.raises(MissingError, match="no openings"):
        opening_named(room, house.actors["ben"], first.id)
    with pytest.raises(InputError, match="does not say which"):
        opening_named(room, house.actors["ines"], "permit-")
