"""Rows of access reviews: what an item names, and who may not be taken away."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from strongroom.access.accounts import Account, AccountState
from strongroom.access.reviews import (
    AccessItem,
    AccessReview,
    check_open,
    role_in,
    role_thing,
    spared,
)
from strongroom.errors import IntegrityError
from strongroom.types import AccountId, AccountKind, Role, TeamId

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
