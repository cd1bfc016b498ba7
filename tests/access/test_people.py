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


def test_a_refusal_names_what_was_wanted(rooms: Rooms, admin: Actor) -> None:
    actor = rooms.actor("ana", Role.RESEARCHER)
    bob = rooms.account("bob")
    project = rooms.people.add_project(admin, "llm")
    people = rooms.people
    for refused in (
        lambda: people.add(actor, "eve", team="alpha"),
        lambda: people.change_roles(actor, "bob", team="alpha", roles=["auditor"]),
        lambda: people.change_state(actor, bob.id, "suspended"),
        lambda: people.add_project(actor, project.id),
        lambda: people.set_member(actor, project.id, "bob", Membership.MEMBER),
    ):
        with pytest.raises(DeniedError):
            refused()

    assert rooms.refusals() == [
        ("account:create", "room"),
        ("role:change", bob.id),
        ("account:change", bob.id),
        ("project:create", project.id),
        ("project:change", project.id),
    ]


def test_whoever_is_suspended_is_logged_out_with_the_reason(
    rooms: Rooms, admin: Actor
) -> None:
    ana = rooms.actor("ana", Role.RESEARCHER)
    rooms.people.change_state(admin, "ana", "suspended", reason="holiday")

    (closed,) = rooms.said("session.closed")
    assert closed.actor == admin.account
    assert closed.facts == {"session": ana.session, "why": "suspended"}
    changed = rooms.said("account.changed")[-1]
    assert (changed.actor, changed.private) == (admin.account, {"reason": "holiday"})


def test_names_of_another_form_are_refused_before_anybody_is_asked(
    rooms: Rooms, admin: Actor
) -> None:
    rooms.account("ana")
    before = rooms.world.size()
    with pytest.raises(InputError, match="no name for an account"):
        rooms.people.add(admin, "Bob", team="alpha")
    with pytest.raises(InputError, match="no name for a team"):
        rooms.people.add(admin, "bob", team="Alpha")
    with pytest.raises(InputError, match="no name for a team"):
        rooms.people.change_roles(admin, "ana", team="Alpha", roles=[])

    assert rooms.world.size() == before


def test_the_address_for_a_phone_names_the_product_and_the_person(
    rooms: Rooms, admin: Actor
) -> None:
    made = rooms.people.begin_factor(admin)

    uri = made.uri.reveal().decode()
    assert uri.startswith("otpauth://totp/Strongroom:root?secret=")
    assert uri.endswith("issuer=Strongroom")
    assert made.account.name == "root"


def test_guessing_codes_of_a_factor_that_was_begun_takes_time_as_well(
    rooms: Rooms, admin: Actor
) -> None:
    begun = rooms.people.begin_factor(admin)
    for _ in range(5):
        with pytest.raises(DeniedError, match="six digits"):
            rooms.people.confirm_factor("root", "00000", source="here")
    with pytest.raises(DeniedError, match="too many attempts failed lately"):
        rooms.people.confirm_factor("root", rooms.code(begun.secret), source="here")
    rooms.world.clock.pass_(seconds=2)
    rooms.people.confirm_factor("root", rooms.code(begun.secret), source="here")

    rooms.world.clock.pass_(seconds=4)  # the right one started again from zero
    for _ in range(4):
        with pytest.raises(DeniedError, match="no enrolment is pending"):
            rooms.people.confirm_factor("root", "000000", source="here")


def test_a_session_that_ended_lists_nothing_and_begins_nothing(
    rooms: Rooms, admin: Actor
) -> None:
    rooms.sessions.close(admin, why="logout")
    for use in (
        rooms.people.everybody,
        rooms.people.projects,
        rooms.people.begin_factor,
    ):
        with pytest.raises(DeniedError, match="the session has ended"):
            use(admin)


def test_projects_are_listed(rooms: Rooms, admin: Actor) -> None:
    made = [rooms.people.add_project(admin, name) for name in ("llm", "vision")]

    found = rooms.people.projects(admin)
    assert sorted(p.name for p in found) == sorted(p.name for p in made)
    created = rooms.said("project.created")[-2:]
    assert {said.actor for said in created} == {admin.account}
