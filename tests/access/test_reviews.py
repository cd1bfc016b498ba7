"""Rows of access reviews: what an item names, and who may not be taken away."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from strongroom.access.accounts import Account, AccountState
from strongroom.access.projects import Membership
from strongroom.access.reviews import (
    ITEMS,
    AccessItem,
    AccessReview,
    Answer,
    ReviewState,
    check_open,
    find_item,
    role_in,
    role_thing,
    spared,
    take_away,
)
from strongroom.errors import IntegrityError, MissingError
from strongroom.types import AccountId, AccountKind, Role, TeamId
from tests.access.rooms import Rooms
from tests.ledger.world import event

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def somebody(name: str, team: str, *roles: Role) -> Account:
    return Account(
        id=AccountId(name),
        name=name,
        kind=AccountKind.PERSON,
        team=TeamId(team),
        owner=None,
        roles=roles,
        state=AccountState.ACTIVE,
        password_hash=None,
        enrolment_hash=None,
        enrolment_until=None,
        created_at=NOW,
    )


ROOT = somebody("root", "office", Role.ADMINISTRATOR)
SECOND = somebody("second", "office", Role.ADMINISTRATOR)
INES = somebody("ines", "safety", Role.APPROVER)
TOM = somebody("tom", "review", Role.APPROVER)
MAX = somebody("max", "review", Role.APPROVER)
UMA = somebody("uma", "third", Role.APPROVER)


@pytest.mark.parametrize("role", Role)
def test_an_item_names_a_role_and_gives_it_back(role: Role) -> None:
    assert role_in(role_thing(role)) is role
    assert role_in("project-x") is None


@pytest.mark.parametrize(
    ("people", "account", "role", "expected"),
    [
        ([ROOT], ROOT, Role.ADMINISTRATOR, True),
        ([ROOT, SECOND], ROOT, Role.ADMINISTRATOR, False),
        (
            [ROOT, replace(SECOND, state=AccountState.SUSPENDED)],
            ROOT,
            Role.ADMINISTRATOR,
            True,
        ),
        ([INES, TOM], INES, Role.APPROVER, True),
        ([INES, TOM, MAX], INES, Role.APPROVER, True),
        ([INES, TOM, UMA], INES, Role.APPROVER, False),
        ([INES, TOM, MAX], MAX, Role.APPROVER, False),
        ([ROOT], ROOT, Role.AUDITOR, False),
        ([ROOT], ROOT, None, False),
    ],
)
def test_a_role_that_nobody_could_give_back_is_spared(
    people: list[Account], account: Account, role: Role | None, *, expected: bool
) -> None:
    assert spared(people, account, role) is expected


def test_an_item_of_another_review_is_refused() -> None:
    """ATT&CK T1565.001: an item moved from a review that is open to one that is not."""
    review = AccessReview(id="review-1", started_by=ROOT.id, started_at=NOW, due_at=NOW)
    item = AccessItem(
        id="review-2/item-1", review="review-1", account=ROOT.id, thing="project-1"
    )

    with pytest.raises(IntegrityError, match="stands in another review"):
        check_open(review, item)


def test_services_and_colleagues_without_the_role_give_nothing_back() -> None:
    robot = replace(SECOND, kind=AccountKind.SERVICE)

    assert spared([ROOT, robot], ROOT, Role.ADMINISTRATOR)
    assert spared([ROOT, INES], ROOT, Role.ADMINISTRATOR)


def test_both_names_of_the_review_have_to_be_right() -> None:
    review = AccessReview(id="review-1", started_by=ROOT.id, started_at=NOW, due_at=NOW)
    item = AccessItem(
        id="review-1/item-1", review="review-1", account=ROOT.id, thing="role:operator"
    )

    check_open(review, item)
    assert (review.revision, review.state) == (1, "open")
    assert (item.revision, item.answer, item.role) == (1, "open", Role.OPERATOR)
    for other in (
        replace(item, review="review-2"),
        replace(item, id="review-12/item-1"),
    ):
        with pytest.raises(IntegrityError, match="stands in another review"):
            check_open(review, other)


@pytest.fixture
def item(rooms: Rooms) -> AccessItem:
    """Give an item about one of two roles of somebody who is logged in."""
    ana = rooms.actor("ana", Role.RESEARCHER, Role.OPERATOR)
    return AccessItem(
        id="review-1/item-2",
        review="review-1",
        account=ana.account,
        thing="role:operator",
    )


def take(rooms: Rooms, item: AccessItem) -> None:
    with rooms.world.ledger.transaction() as writing:
        take_away(writing, item, by=ROOT.id)


def test_a_role_is_taken_away_with_the_sessions_that_had_it(
    rooms: Rooms, item: AccessItem
) -> None:
    take(rooms, item)

    (changed,) = rooms.said("role.changed")
    assert (changed.actor, changed.facts["request"]) == (ROOT.id, None)
    assert changed.facts["roles"] == ["researcher"]
    (closed,) = rooms.said("session.closed")
    assert (closed.actor, closed.facts["why"]) == (ROOT.id, "access review")


def test_what_somebody_does_not_have_any_more_is_left(
    rooms: Rooms, item: AccessItem
) -> None:
    take(rooms, item)
    take(rooms, item)

    assert len(rooms.said("role.changed")) == 1


def test_a_membership_is_taken_away_and_the_roles_stay(
    rooms: Rooms, item: AccessItem
) -> None:
    root = rooms.actor("root", Role.ADMINISTRATOR)
    project = rooms.people.add_project(root, "llm")
    rooms.people.set_member(root, "llm", "ana", Membership.OWNER)
    take(rooms, replace(item, thing=project.id))

    said = rooms.said("project.member")[-1]
    assert (said.actor, said.facts["state"]) == (ROOT.id, "removed")
    assert rooms.said("role.changed") == []


@pytest.mark.parametrize("typed", ["item-2a", "2a", "review-1/item-2a", "2a3"])
def test_an_item_is_named_by_its_start(rooms: Rooms, typed: str) -> None:
    with rooms.world.ledger.transaction() as writing:
        for name in ("1a", "2a3", "32a"):
            ITEMS.insert(
                writing,
                AccessItem(
                    id=f"review-1/item-{name}",
                    review="review-1",
                    account=ROOT.id,
                    thing="role:operator",
                ),
            )
        writing.append(event())
        assert find_item(writing, typed).id == "review-1/item-2a3"
        for other in ("", "item-", "%", "4"):
            with pytest.raises(MissingError, match="items of reviews start with"):
                find_item(writing, other)


def test_answers_are_stored_under_the_same_names_in_every_version() -> None:
    assert [*ReviewState] == ["open", "closed"]
    assert [*Answer] == ["open", "keep", "remove", "lapsed", "spared"]
    assert role_thing(Role.OPERATOR) == "role:operator"
