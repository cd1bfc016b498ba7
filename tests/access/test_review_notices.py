"""An access review is sent whole to the room, and to each owner what they own."""

from __future__ import annotations

from datetime import timedelta

from strongroom.access import review_notices
from strongroom.access.access_reviews import AccessReviews, Started
from strongroom.access.accounts import AccountState
from strongroom.access.projects import Membership
from strongroom.access.telling import Message, Told
from tests.journeys.fixtures import clock, house, kind, quick
from tests.journeys.rooms import House

__all__ = ["clock", "house", "kind", "quick"]


def start(house: House, sent: list[Message]) -> Started:
    """Start a review whose messages to people are taken, and to the room are lost."""

    def tell(message: Message) -> Told:
        sent.append(message)
        lost = Told(failed=("on call: away",))
        return Told(reached=1) if message.person else lost

    room = house.room.room
    reviews = AccessReviews(
        room.gate, models=lambda _: (), tell=tell, random=room.random
    )
    return reviews.start(house.actors["root"], due_in=timedelta(days=14))


def own(house: House, project: str, *names: str) -> None:
    for name in names:
        house.room.room.people.set_member(
            house.actors["root"], project, name, Membership.OWNER
        )


def test_each_owner_gets_who_belongs_to_their_project(house: House) -> None:
    house.room.room.people.add_project(house.actors["root"], "vision")
    own(house, "vision", "ben")
    own(house, "default", "olga", "tom")
    sent: list[Message] = []

    started = start(house, sent)

    people = {message.person: message for message in sent}
    assert set(people) == {None, "ben", "olga", "tom"}
    assert people["ben"].title == "who belongs to vision: 1 wait for an answer"
    assert "ben  item-" in people["ben"].text
    assert "ana" not in people["ben"].text
    assert "ana  item-" in people["olga"].text
    assert started.told == Told(reached=3, failed=("on call: away",))
    review = started.review
    due = (
        f"{review.id} is due at {review.due_at:%Y-%m-%d %H:%M} UTC; what is not"
        " answered by then is taken away."
    )
    assert people[None] == Message(
        about="access-review",
        subject=review.id,
        title=f"{started.items} memberships and roles wait for an answer",
        text=f"{due}\nstrongroom review access list",
        person=None,
    )
    told = people["tom"]
    assert (told.about, told.subject) == ("access-review", review.id)
    first, second, *lines = told.text.splitlines()
    assert first == due
    assert second == (
        "An approver or administrator answers:"
        " strongroom review access keep ITEM, or remove ITEM"
    )
    assert lines == sorted(lines)
    assert told.title == f"who belongs to default: {len(lines)} wait for an answer"


def test_who_left_or_owns_nothing_now_is_not_told(house: House) -> None:
    own(house, "default", "olga", "ben")
    people, root = house.room.room.people, house.actors["root"]
    people.set_member(root, "default", "olga", Membership.MEMBER)
    people.change_state(root, "ben", AccountState.LEFT)
    sent: list[Message] = []

    start(house, sent)

    assert [message.person for message in sent] == [None]


def test_a_long_list_is_cut_and_says_so() -> None:
    lines = [f"p{number:03}" for number in range(53)]

    shown = review_notices.shortened(lines)

    assert shown[:-1] == lines[:50]
    assert shown[-1] == "and 3 more: strongroom review access list"
    assert review_notices.shortened(lines[:2]) == lines[:2]


def test_a_list_that_just_fits_is_whole() -> None:
    lines = [str(number) for number in range(51)]

    assert review_notices.shortened(lines[:50]) == lines[:50]
    assert review_notices.shortened(lines)[-1].startswith("and 1 more: ")
