"""Who could be handed what: the rules are asked, once for each group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access.accounts import AccountState, change_state
from strongroom.access.policy import Principal
from strongroom.access.projects import Membership
from strongroom.access.reach import Protected, Reach, people_by_class, principals
from strongroom.types import (
    AccountId,
    AccountKind,
    Classification,
    Factor,
    ProjectId,
    Role,
)
from tests.access.house import NOW, PEOPLE, POLICIES, TERMS
from tests.access.rooms import Rooms

LLM = ProjectId("llm")
OPEN, INTERNAL, RESTRICTED = (
    Protected(classification=c, project=LLM, models=1) for c in Classification
)


def reach(profile: str = "standard") -> Reach:
    return Reach(policy=POLICIES[profile], terms=TERMS[profile], now=NOW)


@pytest.mark.parametrize(
    ("who", "reaches"),
    [
        ("ana", True),
        ("bob", True),
        ("cy", False),
        ("eve", False),
        ("root", False),
        ("mix", False),
        ("aud", False),
        ("new", False),
        ("gone", False),
        ("away", False),
        ("pipeline", False),
        ("agent", False),
    ],
)
def test_only_who_could_be_handed_weights_is_counted(who: str, reaches: bool) -> None:
    assert reach().allows(PEOPLE[AccountId(who)], RESTRICTED) == reaches


def test_in_solo_the_one_person_reaches_every_class() -> None:
    me = PEOPLE[AccountId("me")]

    found = reach("solo").of([me], [OPEN, INTERNAL, RESTRICTED])

    assert people_by_class(found) == dict.fromkeys(Classification, 1)


@pytest.fixture(scope="module")
def alone() -> Mapping[AccountId, object]:
    """Give the answer about each person that nobody else was asked about before."""
    both = [OPEN, RESTRICTED]
    return {
        name: reach().of([replace(who, account=name)], both)[name]
        for name, who in PEOPLE.items()
    }


@given(names=st.lists(st.sampled_from(sorted(PEOPLE)), max_size=12))
def test_the_same_question_is_put_once_and_has_one_answer(
    alone: Mapping[AccountId, object], names: list[AccountId]
) -> None:
    asking = reach()
    people = [replace(PEOPLE[name], account=name) for name in names]
    asking.of(people, [OPEN, RESTRICTED])
    before = asking.asked

    again = asking.of(people, [OPEN, RESTRICTED])

    assert asking.asked == before
    for who in people:
        assert again[who.account] == alone[who.account]


def test_two_people_alike_cost_one_question() -> None:
    asking = reach()
    ana = PEOPLE[AccountId("ana")]
    asking.allows(ana, RESTRICTED)
    before = asking.asked

    asking.allows(replace(ana, account=AccountId("twin")), RESTRICTED)
    assert asking.asked == before
    asking.allows(replace(ana, projects=frozenset()), RESTRICTED)
    assert asking.asked > before


def test_everybody_who_has_not_left_is_asked_about(rooms: Rooms) -> None:
    ana = rooms.account("ana", Role.RESEARCHER)
    gone = rooms.account("gone", Role.RESEARCHER)
    with rooms.world.ledger.transaction() as writing:
        change_state(writing, gone, AccountState.LEFT, by=None)
        found = principals(writing)

    assert [who.account for who in found] == [ana.id]


def test_everybody_is_asked_about_as_policy_sees_them(rooms: Rooms) -> None:
    root = rooms.actor("root", Role.ADMINISTRATOR)
    ana = rooms.account("ana", Role.RESEARCHER)
    llm, vision = (rooms.people.add_project(root, name) for name in ("llm", "vision"))
    for project, state in (
        ("llm", Membership.OWNER),
        ("vision", Membership.MEMBER),
        ("vision", Membership.REMOVED),
    ):
        rooms.people.set_member(root, project, "ana", state)
    rooms.people.set_member(root, "vision", "root", Membership.MEMBER)
    rooms.suspend("ana")

    with rooms.world.ledger.reading() as reading:
        found = {who.account: who for who in principals(reading)}
    assert found[ana.id] == Principal(
        account=ana.id,
        kind=AccountKind.PERSON,
        roles=frozenset({Role.RESEARCHER}),
        team=ana.team,
        state="suspended",
        owner=None,
        projects=frozenset({llm.id}),
    )
    assert found[root.account].projects == {vision.id}


def test_questions_are_counted_from_none() -> None:
    asking = reach()
    assert asking.asked == 0
    assert not asking.allows(PEOPLE[AccountId("aud")], RESTRICTED)

    assert asking.asked == len(Factor)


def test_people_are_counted_once_for_each_class() -> None:
    both = AccountId("both")
    found = {
        both: (OPEN, replace(OPEN, models=3), RESTRICTED),
        AccountId("one"): (OPEN,),
        AccountId("none"): (),
    }

    assert people_by_class(found) == {
        Classification.OPEN: 2,
        Classification.INTERNAL: 0,
        Classification.RESTRICTED: 1,
    }
