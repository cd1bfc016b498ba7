"""What lapses, and what the ledger says of it; ``test_access_reviews`` has more."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from strongroom.access.access_reviews import AccessReviews
from strongroom.access.accounts import find_account
from strongroom.access.lapses import answered, lapse, settle
from strongroom.access.reviews import ITEMS, REVIEWS
from strongroom.access.telling import tell_nobody
from strongroom.database import people_tables
from strongroom.errors import IntegrityError
from strongroom.types import Role
from tests.access.rooms import Rooms, Said
from tests.attacks.both_databases.administrator import Administrator
from tests.journeys.fixtures import clock, house, kind, quick
from tests.journeys.rooms import House, again

__all__ = ["clock", "house", "kind", "quick"]


def start(house: House) -> None:
    house.room.room.persons.access_reviews.start(
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


@pytest.mark.parametrize("days", [13, 14])
def test_the_entry_of_the_end_counts_every_kind_of_answer(
    rooms: Rooms, days: int
) -> None:
    root = rooms.actor("root", Role.ADMINISTRATOR, team="office")
    ines = rooms.actor("ines", Role.APPROVER, team="safety")
    rooms.account("ana", Role.RESEARCHER, Role.ANALYST, Role.OPERATOR)
    reviews = AccessReviews(
        rooms.gate, models=lambda _: [], tell=tell_nobody, random=os.urandom
    )
    started = reviews.start(root, due_in=timedelta(days=14))
    with rooms.world.ledger.reading() as reading:
        items = {item.thing: item for item in ITEMS.find(reading)}
    reviews.answer(ines, items["role:analyst"].id, keep=True)
    reviews.answer(ines, items["role:operator"].id, keep=False)
    rooms.world.clock.pass_(days=days)

    assert settle(rooms.world.ledger) == (3 if days == 14 else 0)
    if days == 13:
        assert rooms.said("access.closed") == []
        return
    counts = [["open", 0], ["keep", 1], ["remove", 1], ["lapsed", 1], ["spared", 2]]
    facts = {"review": started.review.id, "answers": counts}
    assert rooms.said("access.closed") == [Said(None, None, facts, {}, None)]
    with rooms.world.ledger.reading() as reading:
        lapsed = ITEMS.get(reading, items["role:researcher"].id)
        ana = find_account(reading, "ana")
    assert (lapsed.answer, lapsed.answered_by) == ("lapsed", None)
    assert lapsed.answered_at == rooms.world.clock()
    assert ana.roles == (Role.ANALYST,)
    assert rooms.said("role.changed")[-1].actor is None
    assert settle(rooms.world.ledger) == 0
    lapse(rooms.world.ledger, items["role:researcher"])  # settled by another process
    assert len(rooms.said("access.answered")) == 5
