"""Access reviews over a real room: started, answered, and due."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from strongroom.access.access_reviews import AccessReviews, ListedItem, Started
from strongroom.access.accounts import ACCOUNTS
from strongroom.access.lapses import lapse, settle
from strongroom.access.projects import Membership, projects_of
from strongroom.access.reach import Protected
from strongroom.access.reviews import ITEMS, REVIEWS
from strongroom.access.sessions import Actor
from strongroom.access.telling import Told, tell_nobody
from strongroom.errors import ConflictError, DeniedError, InputError, MissingError
from strongroom.types import Classification, Factor, Role
from tests.access.rooms import Rooms, Said
from tests.journeys.fixtures import clock, house, kind, model, quick
from tests.journeys.rooms import House
from tests.permits.openings import BLOCK, newest

__all__ = ["clock", "house", "kind", "model", "quick"]

FORTNIGHT = timedelta(days=14)


def reviews(house: House) -> AccessReviews:
    return house.room.room.persons.access_reviews


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


# --- with three people and nothing else ----------------------------------------


@dataclass
class Small:
    """An administrator, an approver, and Ana, who belongs to one project."""

    rooms: Rooms
    root: Actor
    ines: Actor
    ana: Actor

    def reviews(self) -> AccessReviews:
        return AccessReviews(
            self.rooms.gate, models=lambda _: [], tell=tell_nobody, random=os.urandom
        )

    def start(self, due_in: timedelta = FORTNIGHT) -> Started:
        return self.reviews().start(self.root, due_in=due_in)

    def item(self, name: str, what: str) -> ListedItem:
        found = self.reviews().listed(self.root)
        return next(one for one in found if (one.name, one.what) == (name, what))


@pytest.fixture
def small(rooms: Rooms) -> Small:
    root = rooms.actor("root", Role.ADMINISTRATOR, team="office")
    ines = rooms.actor("ines", Role.APPROVER, team="safety")
    ana = rooms.actor("ana", Role.RESEARCHER, Role.ANALYST)
    rooms.people.add_project(root, "llm")
    rooms.people.set_member(root, "llm", "ana", Membership.MEMBER)
    return Small(rooms, root, ines, ana)


def test_the_entry_says_what_was_asked_of_how_many(small: Small) -> None:
    started = small.start()

    assert (started.items, started.questions, started.told) == (5, 0, Told())
    assert started.review.due_at - started.review.started_at == FORTNIGHT
    said = Said(
        actor=small.root.account,
        session=small.root.session,
        facts={
            "review": started.review.id,
            "due": "2026-12-06T10:00:00.000000Z",
            "items": 5,
            "accounts": 3,
            "reach": [["internal", 0], ["open", 0], ["restricted", 0]],
        },
        private={},
        about=None,
    )
    assert small.rooms.said("access.started") == [said]
    told = {
        "about": "access-review",
        "subject": started.review.id,
        "reached": 0,
        "failed": 0,
    }
    assert small.rooms.facts("notice.sent") == [told]


def test_the_rules_are_asked_who_reaches_which_model(small: Small) -> None:
    with small.rooms.world.ledger.reading() as reading:
        (project,) = projects_of(reading, small.ana.account)
    thing = Protected(classification=Classification.INTERNAL, project=project, models=2)
    reviews = AccessReviews(
        small.rooms.gate, models=lambda _: [thing], tell=tell_nobody, random=os.urandom
    )

    started = reviews.start(small.root, due_in=timedelta(seconds=1))

    assert started.reach == {"open": 0, "internal": 1, "restricted": 0}
    assert started.questions > 3


def test_an_answer_is_kept_with_who_gave_it_and_when(small: Small) -> None:
    small.start()
    kept, gone = small.item("ana", "llm").item, small.item("ana", "analyst").item
    assert (kept.revision, kept.answer, kept.answered_by) == (1, "open", None)
    small.rooms.world.clock.pass_(seconds=9)
    small.reviews().answer(small.ines, kept.id, keep=True)
    small.reviews().answer(small.ines, gone.id, keep=False)

    with small.rooms.world.ledger.reading() as reading:
        rows = [ITEMS.get(reading, item.id) for item in (kept, gone)]
    now, ines = small.rooms.world.clock(), small.ines.account
    answers = [(row.answer, row.answered_by, row.answered_at) for row in rows]
    assert answers == [("keep", ines, now), ("remove", ines, now)]
    facts = [
        {
            "review": item.review,
            "account": small.ana.account,
            "thing": item.thing,
            "answer": answer,
        }
        for item, answer in ((kept, "keep"), (gone, "remove"))
    ]
    assert small.rooms.said("access.answered") == [
        Said(ines, small.ines.session, one, {}, None) for one in facts
    ]


def test_what_was_answered_is_listed_only_on_request(small: Small) -> None:
    small.start()
    reviews, answered = small.reviews(), small.item("ana", "llm").item
    reviews.answer(small.ines, answered.id, keep=True)

    waiting = {one.item.id for one in reviews.listed(small.root)}
    every = {one.item.id for one in reviews.listed(small.root, every=True)}
    assert every - waiting == {answered.id}
    small.rooms.world.clock.pass_(days=14)
    settle(small.rooms.world.ledger)
    root = small.rooms.session(small.rooms.account("rob"), Factor.TOTP)
    assert reviews.listed(root) == []
    assert {one.item.id for one in reviews.listed(root, every=True)} == every


def test_nothing_is_listed_for_a_session_that_ended(small: Small) -> None:
    small.start()
    small.rooms.world.clock.pass_(hours=9)

    with pytest.raises(DeniedError, match="the session has ended"):
        small.reviews().listed(small.root)


def test_a_refusal_names_what_was_wanted(small: Small) -> None:
    reviews = small.reviews()
    with pytest.raises(DeniedError):
        reviews.start(small.ana, due_in=FORTNIGHT)
    small.start()
    item = small.item("ines", "approver").item
    with pytest.raises(DeniedError):
        reviews.answer(small.ana, item.id, keep=True)

    wanted = [("access:start", "room"), ("access:answer", item.id)]
    assert small.rooms.refusals() == wanted


def test_a_review_needs_somebody_else_who_answers(small: Small) -> None:
    """Whoever started it would answer for all others, and nobody for them."""
    small.rooms.people.change_state(small.root, "ines", "suspended")
    small.rooms.account("otto", Role.OPERATOR, Role.AUDITOR)

    with pytest.raises(ConflictError, match="there is nobody else to answer"):
        small.start()
    small.rooms.account("rob", Role.ADMINISTRATOR)
    assert small.start().review.revision == 1
    with small.rooms.world.ledger.reading() as reading:
        assert [review.state for review in REVIEWS.find(reading)] == ["open"]
