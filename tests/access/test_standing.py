"""What the rules about weights read of a person."""

from __future__ import annotations

import pytest

from strongroom.access.standing import WEIGHTS, standing_facts
from strongroom.types import Role
from tests.access.rooms import Rooms


@pytest.mark.parametrize("action", ["model:show", "request:approve", "model:seal"])
def test_other_actions_read_nothing_of_it(rooms: Rooms, action: str) -> None:
    account = rooms.account("ana", Role.RESEARCHER)

    with rooms.world.ledger.reading() as reading:
        assert standing_facts(reading, account, action, now=reading.now) == {}


@pytest.mark.parametrize("action", sorted(WEIGHTS))
def test_somebody_who_owes_nothing_has_a_clean_slate(rooms: Rooms, action: str) -> None:
    account = rooms.account("ana", Role.RESEARCHER)

    with rooms.world.ledger.transaction() as writing:
        facts = standing_facts(writing, account, action, now=writing.now)
    assert facts == {"reviewsOverdue": 0}
