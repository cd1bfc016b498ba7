"""A room begins with the right people, in one commit, or not at all."""

from __future__ import annotations

import os

import pytest

from strongroom.access.accounts import ACCOUNTS, AccountState, find_account
from strongroom.access.founding import Founded, Founder, found
from strongroom.access.projects import MEMBERS, find_project, projects_of
from strongroom.errors import InputError
from strongroom.types import Profile, Role
from tests.access.rooms import PASSWORD, QUICK, Rooms, Said

ROOT = Founder(name="root", team="office", password=PASSWORD)
APPROVERS = (Founder(name="ines", team="safety"), Founder(name="tom", team="review"))


def founded(
    rooms: Rooms, profile: Profile, owner: Founder, approvers: tuple[Founder, ...]
) -> Founded:
    return found(
        rooms.world.ledger,
        profile=profile,
        policy="00" * 32,
        domains=["home"],
        owner=owner,
        approvers=approvers,
        random=os.urandom,
        cost=QUICK,
    )


def test_a_solo_room_has_one_person_with_every_role(rooms: Rooms) -> None:
    made = founded(rooms, Profile.SOLO, ROOT, ())

    assert set(made.owner.roles) == set(Role)
    assert made.owner.state is AccountState.ACTIVE
    assert rooms.facts("policy.loaded") == [{"digest": "00" * 32, "profile": "solo"}]
    assert made.invitations == {}
    with rooms.world.ledger.reading() as reading:
        project = find_project(reading, "default")
        assert projects_of(reading, made.owner.id) == {project.id}


def test_a_standard_room_has_an_administrator_and_two_approvers(rooms: Rooms) -> None:
    made = founded(rooms, Profile.STANDARD, ROOT, APPROVERS)

    with rooms.world.ledger.reading() as reading:
        people = {a.name: a for a in ACCOUNTS.find(reading)}
    assert {name: a.roles for name, a in people.items()} == {
        "root": (Role.ADMINISTRATOR,),
        "ines": (Role.APPROVER,),
        "tom": (Role.APPROVER,),
    }
    assert len({a.team for a in people.values()}) == 3
    rooms.people.enrol("ines", made.invitations["ines"], PASSWORD)


def test_a_small_room_has_two_who_work_and_agree(rooms: Rooms) -> None:
    made = founded(rooms, Profile.SMALL, ROOT, (Founder(name="ann", team="office"),))

    assert set(made.owner.roles) == set(Role) - {Role.AUDITOR}
    with rooms.world.ledger.reading() as reading:
        ann = find_account(reading, "ann")
        project = find_project(reading, "default")
        assert projects_of(reading, ann.id) == {project.id}
        assert projects_of(reading, made.owner.id) == {project.id}
    assert Role.APPROVER in ann.roles


def test_a_hardened_room_begins_like_a_standard_one(rooms: Rooms) -> None:
    made = founded(rooms, Profile.HARDENED, ROOT, APPROVERS)

    assert made.owner.roles == (Role.ADMINISTRATOR,)
    assert set(made.invitations) == {"ines", "tom"}


@pytest.mark.parametrize(
    ("profile", "owner", "approvers"),
    [
        (Profile.SOLO, ROOT, APPROVERS[:1]),
        (Profile.SMALL, ROOT, ()),
        (Profile.HARDENED, ROOT, APPROVERS[:1]),
        (Profile.STANDARD, ROOT, ()),
        (Profile.STANDARD, ROOT, APPROVERS[:1]),
        (Profile.STANDARD, ROOT, (*APPROVERS, Founder(name="x", team="y"))),
        (Profile.STANDARD, ROOT, (APPROVERS[0], Founder(name="x", team="safety"))),
        (Profile.STANDARD, ROOT, (APPROVERS[0], Founder(name="x", team="office"))),
        (Profile.SOLO, Founder(name="me", team="me"), ()),
        (Profile.STANDARD, Founder(name="root", team="office"), APPROVERS),
        (Profile.SOLO, Founder(name="Me!", team="me", password=PASSWORD), ()),
    ],
)
def test_people_who_do_not_fit_leave_nothing(
    rooms: Rooms, profile: Profile, owner: Founder, approvers: tuple[Founder, ...]
) -> None:
    with pytest.raises(InputError):
        founded(rooms, profile, owner, approvers)

    assert rooms.world.size() == 0


def test_the_first_entries_say_what_was_founded_and_by_whom(rooms: Rooms) -> None:
    made = founded(rooms, Profile.STANDARD, ROOT, APPROVERS)

    root = made.owner.id
    first = {"profile": "standard", "domains": ["home"]}
    assert rooms.said("room.created") == [Said(None, None, first, {}, None)]
    loaded = {"digest": "00" * 32, "profile": "standard"}
    assert rooms.said("policy.loaded") == [Said(None, None, loaded, {}, None)]
    created = rooms.said("account.created")
    assert [said.private["name"] for said in created] == ["root", "ines", "tom"]
    assert {said.actor for said in created} == {None}
    assert {said.facts["kind"] for said in created} == {"person"}
    invited = rooms.said("account.changed")
    assert [(said.actor, said.facts["state"]) for said in invited] == [
        (root, "invited")
    ] * 2
    (project,) = rooms.said("project.created")
    assert (project.actor, project.private) == (root, {"name": "default"})
    assert rooms.said("project.member") == []


@pytest.mark.parametrize(
    ("profile", "others", "members"),
    [(Profile.SOLO, (), 1), (Profile.SMALL, APPROVERS, 3)],
)
def test_where_few_work_all_belong_to_the_first_project(
    rooms: Rooms, profile: Profile, others: tuple[Founder, ...], members: int
) -> None:
    made = founded(rooms, profile, ROOT, others)

    with rooms.world.ledger.reading() as reading:
        found = MEMBERS.find(reading)
    assert [(row.state, row.revision) for row in found] == [("member", 1)] * members
    assert {said.actor for said in rooms.said("project.member")} == {made.owner.id}


@pytest.mark.parametrize(
    ("profile", "owner", "others"),
    [
        (Profile.SOLO, tuple(Role), ()),
        (
            Profile.SMALL,
            tuple(role for role in Role if role != "auditor"),
            ("approver", "operator", "researcher"),
        ),
        (Profile.STANDARD, ("administrator",), ("approver",)),
        (Profile.HARDENED, ("administrator",), ("approver",)),
    ],
)
def test_the_first_people_have_the_roles_of_their_profile(
    rooms: Rooms, profile: Profile, owner: tuple[str, ...], others: tuple[str, ...]
) -> None:
    made = founded(rooms, profile, ROOT, APPROVERS if others else ())

    assert set(made.owner.roles) == set(owner)
    with rooms.world.ledger.reading() as reading:
        found = {a.name: set(a.roles) for a in ACCOUNTS.find(reading)}
    assert set(found) == ({"root", "ines", "tom"} if others else {"root"})
    assert found.get("ines", set()) == found.get("tom", set()) == set(others)
