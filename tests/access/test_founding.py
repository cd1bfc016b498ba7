"""A room begins with the right people, in one commit, or not at all."""

from __future__ import annotations

import os

import pytest

from strongroom.access.accounts import ACCOUNTS, AccountState, find_account
from strongroom.access.founding import Founded, Founder, found
from strongroom.access.projects import find_project, projects_of
from strongroom.errors import InputError
from strongroom.types import Profile, Role
from tests.access.rooms import PASSWORD, Rooms

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
