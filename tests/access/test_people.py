"""Administrators administer, others do not, and refusals are recorded."""

from __future__ import annotations

import json

import pytest

from strongroom.access import account_changes, accounts
from strongroom.access.projects import Membership, projects_of
from strongroom.access.sessions import Actor
from strongroom.errors import ConflictError, DeniedError, InputError, MissingError
from strongroom.types import Role
from tests.access.rooms import PASSWORD, Rooms


@pytest.fixture
def admin(rooms: Rooms) -> Actor:
    return rooms.actor("root", Role.ADMINISTRATOR, team="office")


@pytest.fixture
def approver(rooms: Rooms) -> Actor:
    return rooms.actor("ines", Role.APPROVER, team="safety")


def newest(rooms: Rooms) -> dict[str, object]:
    with rooms.world.ledger.reading() as reading:
        body = list(rooms.world.ledger.entries(reading, 0))[-1].body
    document: dict[str, object] = json.loads(body)
    return document


def test_a_new_account_needs_somebody_of_another_team(
    rooms: Rooms, admin: Actor, approver: Actor
) -> None:
    request = rooms.people.add(admin, "ana", team="alpha", roles=["researcher"])
    with pytest.raises(MissingError):
        rooms.people.invite(admin, "ana")
    with pytest.raises(DeniedError):
        rooms.approvals.approve(admin, request.id)
    rooms.approvals.approve(approver, request.id)

    code = rooms.people.invite(admin, "ana")
    enrolment = rooms.people.enrol("ana", code, PASSWORD)
    assert enrolment.account.roles == (Role.RESEARCHER,)
    assert b"otpauth://totp/" in enrolment.uri.reveal()
    with pytest.raises(ConflictError, match="not invited"):
        rooms.people.invite(admin, "ana")


def test_an_invitation_is_enough_where_a_passkey_follows(
    rooms: Rooms, admin: Actor, approver: Actor
) -> None:
    request = rooms.people.add(admin, "ana", team="alpha", roles=["researcher"])
    rooms.approvals.approve(approver, request.id)
    code = rooms.people.invite(admin, "ana")

    account = rooms.people.activate("ana", code, PASSWORD)
    assert (account.name, account.state) == ("ana", "active")


def test_other_roles_need_somebody_of_another_team(
    rooms: Rooms, admin: Actor, approver: Actor
) -> None:
    rooms.account("ana", Role.RESEARCHER)
    request = rooms.people.change_roles(admin, "ana", team="beta", roles=["auditor"])
    before = {a.name: a.roles for a, _ in rooms.people.everybody(admin)}
    rooms.approvals.approve(approver, request.id)
    after = {a.name: (a.roles, t.name) for a, t in rooms.people.everybody(admin)}

    assert before["ana"] == (Role.RESEARCHER,)
    assert after["ana"] == ((Role.AUDITOR,), "beta")


def test_a_word_that_names_nothing_is_refused_with_those_that_do() -> None:
    assert account_changes.roles(["operator", "auditor", "operator"]) == [
        "auditor",
        "operator",
    ]
    with pytest.raises(InputError, match="'boss' is none of administrator, "):
        account_changes.roles(["auditor", "boss"])


def test_who_is_no_administrator_is_refused_and_recorded(rooms: Rooms) -> None:
    actor = rooms.actor("ana", Role.RESEARCHER)
    rooms.account("bob")
    people = rooms.people
    for refused in (
        lambda: people.add(actor, "eve", team="alpha"),
        lambda: people.change_roles(actor, "ana", team="alpha", roles=["auditor"]),
        lambda: people.change_state(actor, "bob", "suspended"),
        lambda: people.invite(actor, "bob"),
        lambda: people.add_project(actor, "secret-plan"),
    ):
        with pytest.raises(DeniedError):
            refused()
        entry = newest(rooms)
        assert entry["kind"] == "action.refused"
        assert "secret-plan" not in json.dumps(entry)
        assert "bob" not in json.dumps(entry["facts"])


def test_members_come_and_go(rooms: Rooms, admin: Actor) -> None:
    project = rooms.people.add_project(admin, "llm")
    ana = rooms.account("ana")
    for state, expected in (
        (Membership.MEMBER, {project.id}),
        (Membership.MEMBER, {project.id}),
        (Membership.REMOVED, set()),
        (Membership.MEMBER, {project.id}),
    ):
        rooms.people.set_member(admin, "llm", "ana", state)
        with rooms.world.ledger.reading() as reading:
            assert projects_of(reading, ana.id) == expected
    with pytest.raises(ConflictError, match="exists"):
        rooms.people.add_project(admin, "llm")
    with pytest.raises(MissingError):
        rooms.people.set_member(admin, "none", "ana", Membership.MEMBER)


def test_an_old_second_factor_does_not_administer(rooms: Rooms, admin: Actor) -> None:
    rooms.world.clock.pass_(hours=1)

    with pytest.raises(DeniedError, match="second factor"):
        rooms.people.add_project(admin, "llm")


@pytest.mark.parametrize("state", ["suspended", "left"])
def test_the_last_administrator_stays(rooms: Rooms, admin: Actor, state: str) -> None:
    """``account leave`` on oneself ended a room for good, without asking."""
    with pytest.raises(ConflictError, match="root is the last administrator"):
        rooms.people.change_state(admin, "root", state)

    rooms.actor("second", Role.ADMINISTRATOR)
    assert rooms.people.change_state(admin, "root", state).state == state


def test_an_administrator_who_does_not_act_does_not_count(
    rooms: Rooms, admin: Actor
) -> None:
    rooms.actor("second", Role.ADMINISTRATOR)
    rooms.people.change_state(admin, "second", "suspended")

    with pytest.raises(ConflictError, match="last administrator"):
        rooms.people.change_state(admin, "root", "left")


def test_an_account_that_is_suspended_does_nothing(
    rooms: Rooms, admin: Actor, approver: Actor
) -> None:
    rooms.people.change_state(admin, "ines", "suspended", reason="holiday")
    with rooms.world.ledger.reading() as reading:
        assert accounts.find_account(reading, "ines").state == "suspended"

    with pytest.raises(DeniedError):
        rooms.people.everybody(approver)
