"""What lapses, and what the ledger says of it; ``test_access_reviews`` has more."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from strongroom.access.lapses import answered, settle
from strongroom.access.reviews import ITEMS, REVIEWS
from strongroom.database import people_tables
from strongroom.errors import IntegrityError
from tests.attacks.both_databases.administrator import Administrator
from tests.journeys.fixtures import clock, house, kind, quick
from tests.journeys.rooms import House, again

__all__ = ["clock", "house", "kind", "quick"]


def start(house: House) -> None:
    house.room.room.access_reviews.start(
        house.actors["root"], due_in=timedelta(days=14)
    )


def bodies(house: House) -> list[dict[str, Any]]:
    with house.room.room.ledger.reading() as reading:
        return [
            json.loads(entry.body)
            for entry in house.room.room.ledger.entries(reading, 0)
        ]


def kinds(house: House) -> list[str]:
    return [body["kind"] for body in bodies(house)]


def answers(house: House) -> list[tuple[str | None, str]]:
    return [
        (body["actor"], body["facts"]["answer"])
        for body in bodies(house)
        if body["kind"] == "access.answered"
    ]


def test_opening_a_room_after_the_due_date_settles_it(house: House) -> None:
    """It must not depend on somebody who calls a command."""
    start(house)
    house.clock.advance(days=14)

    with again(house.folder, house.clock):
        pass

    assert settle(house.room.room.ledger) == 0
    assert kinds(house).count("access.closed") == 1
    with house.room.room.ledger.reading() as reading:
        assert [(r.state, r.revision) for r in REVIEWS.find(reading)] == [("closed", 2)]
    assert {actor for actor, _ in answers(house)} == {None}
    assert {answer for _, answer in answers(house)} == {"lapsed", "spared"}


def test_an_answer_names_its_giver_and_their_session(house: House) -> None:
    start(house)
    root = house.actors["root"]
    with house.room.room.ledger.reading() as reading:
        item, *_ = ITEMS.find(reading)

    given, lapsed = answered(item, by=root), answered(item, by=None)

    assert (given.actor, given.session) == (root.account, root.session)
    assert (lapsed.actor, lapsed.session) == (None, None)


def test_nothing_lapses_where_no_review_was_started(house: House) -> None:
    house.clock.advance(days=900)

    assert settle(house.room.room.ledger) == 0
    assert answers(house) == []


def test_an_item_that_was_deleted_does_not_keep_its_access(house: House) -> None:
    """ATT&CK T1485: the administrator of the database, for a friend."""
    start(house)
    house.clock.advance(days=14)
    Administrator.of(house).execute(sa.delete(people_tables.access_items))

    with pytest.raises(IntegrityError, match="was deleted"):
        settle(house.room.room.ledger)


def test_an_answer_that_nobody_gave_is_refused(house: House) -> None:
    """ATT&CK T1565.001: ``keep``, set in the database."""
    start(house)
    house.clock.advance(days=14)
    table = people_tables.access_items
    Administrator.of(house).execute(sa.update(table).values(answer="keep"))

    with pytest.raises(IntegrityError, match="was not written by this room"):
        settle(house.room.room.ledger)
