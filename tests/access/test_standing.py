"""What the rules about weights, and about approving, read of a person."""

from __future__ import annotations

from datetime import timedelta

import pytest

from strongroom.access.breakglass import BREAK_GLASS, GlassState, record_break_glass
from strongroom.access.person_terms import BreakGlassTerms, TrainingTerms
from strongroom.access.policy import Resource
from strongroom.access.standing import standing_facts
from strongroom.types import Classification, Role
from tests.access.rooms import Rooms
from tests.access.test_breakglass import issued
from tests.ledger.world import event

MODEL = Resource(kind="Model", id="model-1", attributes={"class": "restricted"})
TERMS = TrainingTerms(
    classes={Classification.RESTRICTED: frozenset({"weight-handling"})},
    roles={Role.APPROVER: frozenset({"reviewing"})},
)


def facts_of(rooms: Rooms, action: str, *roles: Role) -> dict[str, object]:
    account = rooms.account("ana", *roles)
    with rooms.world.ledger.transaction() as writing:
        return standing_facts(
            writing, account, action, MODEL, terms=TERMS, now=writing.now
        )


@pytest.mark.parametrize("action", ["model:show", "request:decline", "model:seal"])
def test_other_actions_read_nothing_of_it(rooms: Rooms, action: str) -> None:
    assert facts_of(rooms, action, Role.RESEARCHER) == {}


@pytest.mark.parametrize(
    "action", ["permit:issue", "request:create", "segment:release"]
)
def test_weights_read_reviews_and_the_courses_of_class_and_roles(
    rooms: Rooms, action: str
) -> None:
    assert facts_of(rooms, action, Role.RESEARCHER, Role.APPROVER) == {
        "reviewsOverdue": 0,
        "reviewsRejected": 0,
        "coursesLacking": ["reviewing (not taken)", "weight-handling (not taken)"],
    }


def test_approving_reads_the_courses_of_roles_alone(rooms: Rooms) -> None:
    assert facts_of(rooms, "request:approve", Role.APPROVER) == {
        "coursesLacking": ["reviewing (not taken)"]
    }


def test_weights_read_how_many_reviews_are_owed(rooms: Rooms) -> None:
    account = rooms.account("ana")
    terms = BreakGlassTerms(
        longest=timedelta(hours=1), review_within=timedelta(hours=24)
    )
    with rooms.world.ledger.transaction() as writing:
        rows = [
            record_break_glass(writing, account, issued(name), terms=terms, reason="x")
            for name in ("permit-1", "permit-2", "permit-3")
        ]
        BREAK_GLASS.replace(writing, rows[0], state=GlassState.REJECTED)
        writing.append(event())
        facts = standing_facts(
            writing,
            account,
            "segment:release",
            MODEL,
            terms=TrainingTerms(),
            now=writing.now + timedelta(hours=24),
        )

    assert facts == {"reviewsOverdue": 2, "reviewsRejected": 1, "coursesLacking": []}
