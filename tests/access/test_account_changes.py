"""What administrators typed becomes what was asked for, and nothing else."""

from __future__ import annotations

import pytest

from strongroom.access import account_changes
from strongroom.access.accounts import Account, AccountState, find_account
from strongroom.access.sessions import Actor
from strongroom.access.teams import TEAMS
from strongroom.errors import InputError
from strongroom.types import AccountKind, Role
from tests.access.rooms import Rooms

WORD = "x" * 81


@pytest.fixture
def admin(rooms: Rooms) -> Actor:
    return rooms.actor("root", Role.ADMINISTRATOR, team="office")


@pytest.fixture
def approver(rooms: Rooms) -> Actor:
    return rooms.actor("ines", Role.APPROVER, team="safety")


def found(rooms: Rooms, name: str) -> tuple[Account, str]:
    with rooms.world.ledger.reading() as reading:
        account = find_account(reading, name)
        return account, TEAMS.get(reading, account.team).name


def test_a_word_names_one_of_a_kind() -> None:
    assert account_changes.chosen(AccountState, "left") is AccountState.LEFT
    with pytest.raises(InputError) as refused:
        account_changes.chosen(AccountKind, WORD)
    assert str(refused.value) == f"{WORD[:80]!r} is none of person, service, agent"


def test_roles_stand_once_and_in_order() -> None:
    assert account_changes.roles([]) == []
    assert account_changes.roles(["operator", "auditor", "operator"]) == [
        "auditor",
        "operator",
    ]


def test_an_agent_is_made_as_it_was_asked_for(
    rooms: Rooms, admin: Actor, approver: Actor
) -> None:
    owner = rooms.account("ana")
    request = rooms.people.add(
        admin,
        "bot",
        team="beta",
        roles=["operator"],
        kind="agent",
        owner="ana",
    )
    rooms.approvals.approve(approver, request.id)

    bot, team = found(rooms, "bot")
    assert (bot.kind, bot.owner, bot.counts_as) == ("agent", owner.id, owner.id)
    assert (bot.roles, team) == ((Role.OPERATOR,), "beta")
    said = rooms.said("account.created")[-1]
    assert (said.actor, said.facts["request"]) == (admin.account, request.id)
    assert rooms.said("team.created")[-1].actor == admin.account


def test_other_roles_are_given_as_they_were_asked_for(
    rooms: Rooms, admin: Actor, approver: Actor
) -> None:
    rooms.account("ana", Role.RESEARCHER)
    request = rooms.people.change_roles(
        admin, "ana", team="beta", roles=["auditor", "analyst"]
    )
    rooms.approvals.approve(approver, request.id)

    ana, team = found(rooms, "ana")
    assert (ana.roles, team) == ((Role.ANALYST, Role.AUDITOR), "beta")
    (said,) = rooms.said("role.changed")
    assert (said.actor, said.facts["request"]) == (admin.account, request.id)
