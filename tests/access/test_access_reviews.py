"""Access reviews over a real room: started, answered, and due."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from strongroom.access.access_reviews import AccessReviews, ListedItem, Started
from strongroom.access.accounts import ACCOUNTS
from strongroom.access.lapses import lapse, settle
from strongroom.access.projects import projects_of
from strongroom.errors import ConflictError, DeniedError, InputError, MissingError
from strongroom.types import Role
from tests.journeys.fixtures import clock, house, kind, model, quick
from tests.journeys.rooms import House
from tests.permits.openings import BLOCK, newest

__all__ = ["clock", "house", "kind", "model", "quick"]

FORTNIGHT = timedelta(days=14)


def reviews(house: House) -> AccessReviews:
    return house.room.room.access_reviews


def start(house: House) -> Started:
    return reviews(house).start(house.actors["root"], due_in=FORTNIGHT)


def item(house: House, name: str, what: str) -> ListedItem:
    found = reviews(house).listed(house.actors["ines"])
    return next(one for one in found if (one.name, one.what) == (name, what))


def roles(house: House, name: str) -> set[Role]:
    with house.room.room.ledger.reading() as reading:
        return set(ACCOUNTS.get(reading, house.actors[name].account).roles)


def in_projects(house: House, name: str) -> int:
    with house.room.room.ledger.reading() as reading:
        return len(projects_of(reading, house.actors[name].account))


def test_everybody_is_asked_about_once_for_each_membership_and_role(
    house: House, model: Path
) -> None:
    house.publish(model)
    started = start(house)

    found = {
        (one.name, one.what) for one in reviews(house).listed(house.actors["ines"])
    }
    assert ("ana", "default") in found
    assert ("ana", "researcher") in found
    assert ("root", "administrator") in found
    assert started.items == len(found) == 8 + 5
    assert started.reach == {"open": 0, "internal": 0, "restricted": 3}
    assert newest(house)["kind"] == "notice.sent"


def test_what_is_kept_stays(house: House) -> None:
    start(house)

    for what in ("default", "researcher"):
        reviews(house).answer(
            house.actors["tom"], item(house, "ana", what).item.id, keep=True
        )
    house.clock.advance(days=15)
    settle(house.room.room.ledger)

    assert (roles(house, "ana"), in_projects(house, "ana")) == ({Role.RESEARCHER}, 1)


def test_what_is_removed_is_gone_at_once_with_its_sessions(
    house: House, model: Path
) -> None:
    house.publish(model)
    start(house)

    reviews(house).answer(
        house.actors["ines"], item(house, "ana", "default").item.id, keep=False
    )

    assert in_projects(house, "ana") == 0
    with pytest.raises(DeniedError, match="the session has ended"):
        house.by("ana").request("llm", segments=[BLOCK], purpose="x")


def test_what_nobody_answers_is_taken_away_when_it_is_due(house: House) -> None:
    start(house)
    house.clock.advance(days=13)
    assert settle(house.room.room.ledger) == 0
    assert roles(house, "ana") == {Role.RESEARCHER}

    house.clock.advance(days=1)
    assert settle(house.room.room.ledger) > 0

    assert (roles(house, "ana"), in_projects(house, "ana")) == (set(), 0)
    assert newest(house)["kind"] == "access.closed"
    assert settle(house.room.room.ledger) == 0


def test_who_could_give_it_back_is_spared(house: House) -> None:
    """Once nobody answers at all, a room must not be without its administrator."""
    start(house)
    house.clock.advance(days=14)
    settle(house.room.room.ledger)

    assert roles(house, "root") == {Role.ADMINISTRATOR}
    assert roles(house, "ines") == roles(house, "tom") == {Role.APPROVER}
    assert roles(house, "ada") == set()


def test_a_run_that_was_interrupted_goes_on(house: House) -> None:
    """Some items are settled, the review is open still: as after a kill."""
    start(house)
    house.clock.advance(days=14)
    house.refresh("ines")
    ledger = house.room.room.ledger
    waiting = [one.item for one in reviews(house).listed(house.actors["ines"])]
    for one in waiting[:3]:
        lapse(ledger, one)

    assert settle(ledger) == len(waiting) - 3
    assert reviews(house).listed(house.actors["ines"]) == []


def test_nobody_answers_for_themselves(house: House) -> None:
    """ATT&CK T1098: an approver who wants to stay one."""
    start(house)

    with pytest.raises(DeniedError) as refused:
        reviews(house).answer(
            house.actors["ines"], item(house, "ines", "approver").item.id, keep=True
        )
    assert refused.value.reasons == ("not-your-own-access",)


def test_a_researcher_answers_for_nobody(house: House) -> None:
    start(house)

    with pytest.raises(DeniedError):
        reviews(house).answer(
            house.actors["ana"], item(house, "ben", "default").item.id, keep=True
        )


def test_an_answer_is_given_once_and_in_time(house: House) -> None:
    start(house)
    first = item(house, "ana", "default").item.id
    other = item(house, "ben", "default").item.id
    reviews(house).answer(house.actors["ines"], first, keep=True)

    with pytest.raises(ConflictError, match="is keep already"):
        reviews(house).answer(house.actors["tom"], first, keep=False)
    house.clock.advance(days=14)
    house.refresh()
    with pytest.raises(ConflictError, match="is overdue already"):
        reviews(house).answer(house.actors["tom"], other, keep=True)


def test_the_last_administrator_is_not_removed(house: House) -> None:
    start(house)

    with pytest.raises(ConflictError, match="nobody could give root's role back"):
        reviews(house).answer(
            house.actors["ines"],
            item(house, "root", "administrator").item.id,
            keep=False,
        )


@pytest.mark.parametrize("due", [timedelta(0), timedelta(days=-1)])
def test_a_due_date_in_the_past_is_refused(house: House, due: timedelta) -> None:
    with pytest.raises(InputError, match="a review is due later than now"):
        reviews(house).start(house.actors["root"], due_in=due)


def test_a_second_review_waits_for_the_first(house: House) -> None:
    start(house)

    with pytest.raises(ConflictError, match="is open until"):
        start(house)


@pytest.mark.parametrize("start_of", ["", "item-", "nothing"])
def test_an_unknown_item_is_refused(house: House, start_of: str) -> None:
    start(house)

    with pytest.raises(MissingError, match="items of reviews start with"):
        reviews(house).answer(house.actors["ines"], start_of, keep=True)
