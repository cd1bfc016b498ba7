"""Projects have names of their own, and members for as long as is said."""

from __future__ import annotations

import os

import pytest

from strongroom.access import projects
from strongroom.access.projects import MEMBERS, Membership, Project
from strongroom.errors import ConflictError, InputError, IntegrityError, MissingError
from tests.access.rooms import Rooms, Said


def create(rooms: Rooms, name: str = "llm") -> Project:
    with rooms.world.ledger.transaction() as writing:
        return projects.create_project(writing, name, by=None, random=os.urandom)


def test_a_project_is_found_by_name_and_by_id(rooms: Rooms) -> None:
    made = create(rooms)
    assert made.id.startswith("project-")
    with rooms.world.ledger.reading() as reading:
        assert projects.find_project(reading, "llm") == made
        assert projects.find_project(reading, made.id) == made
        with pytest.raises(MissingError, match="no project 'none'"):
            projects.find_project(reading, "none")


@pytest.mark.parametrize("name", ["", "..", "LLM", "a/b", f"project-{'a' * 26}"])
def test_a_project_has_a_name_that_can_be_typed(rooms: Rooms, name: str) -> None:
    with pytest.raises(InputError):
        create(rooms, name)


def test_a_name_is_taken_once(rooms: Rooms) -> None:
    create(rooms)
    with pytest.raises(ConflictError, match="the project llm exists"):
        create(rooms)


def test_a_change_that_changes_nothing_is_no_entry(rooms: Rooms) -> None:
    project, ana = create(rooms), rooms.account("ana")
    for _ in range(2):
        with rooms.world.ledger.transaction() as writing:
            projects.set_member(writing, project, ana, Membership.MEMBER, by=None)
    size = rooms.world.size()
    with rooms.world.ledger.transaction() as writing:
        projects.set_member(writing, project, ana, Membership.MEMBER, by=None)

    assert rooms.world.size() == size
    with rooms.world.ledger.reading() as reading:
        assert projects.projects_of(reading, ana.id) == {project.id}
        assert len(MEMBERS.find(reading)) == 1


def test_an_owner_is_a_member_until_they_are_none(rooms: Rooms) -> None:
    project, ana = create(rooms), rooms.account("ana")
    owned = []
    for state in (Membership.OWNER, Membership.MEMBER, Membership.REMOVED):
        with rooms.world.ledger.transaction() as writing:
            projects.set_member(writing, project, ana, state, by=None)
        with rooms.world.ledger.reading() as reading:
            belongs = bool(projects.projects_of(reading, ana.id))
            owned.append((belongs, len(projects.owners(reading))))

    assert owned == [(True, 1), (True, 0), (False, 0)]


def test_a_member_who_was_put_back_in_the_database_is_refused(rooms: Rooms) -> None:
    project, ana = create(rooms), rooms.account("ana")
    for state in (Membership.MEMBER, Membership.REMOVED):
        with rooms.world.ledger.transaction() as writing:
            projects.set_member(writing, project, ana, state, by=None)
    rooms.world.attack("UPDATE members SET state = 'member'")

    with rooms.world.ledger.reading() as reading, pytest.raises(IntegrityError):
        projects.projects_of(reading, ana.id)


def test_entries_say_who_made_what_and_whom_they_took_in(rooms: Rooms) -> None:
    root, ana = rooms.account("root"), rooms.account("ana")
    with rooms.world.ledger.transaction() as writing:
        made = projects.create_project(writing, "llm", by=root.id, random=os.urandom)
        for state in (Membership.OWNER, Membership.REMOVED):
            projects.set_member(writing, made, ana, state, by=root.id)

    assert (made.revision, made.state) == (1, "active")
    private = {"name": "llm"}
    said = Said(root.id, None, {"project": made.id}, private, root.id)
    assert rooms.said("project.created")[-1] == said
    facts = {"project": made.id, "account": ana.id}
    assert rooms.said("project.member") == [
        Said(root.id, None, {**facts, "state": state}, {}, None)
        for state in ("owner", "removed")
    ]
    with rooms.world.ledger.reading() as reading:
        (row,) = MEMBERS.find(reading)
    assert (row.id, row.revision) == (f"{made.id}/{ana.id}", 2)
    assert (row.project, row.account) == (made.id, ana.id)


def test_a_name_that_cannot_be_used_is_called_that_of_a_project(rooms: Rooms) -> None:
    with pytest.raises(InputError, match="is no name for a project"):
        create(rooms, "LLM")


def test_states_are_stored_under_the_same_names_in_every_version() -> None:
    assert [*Membership] == ["member", "owner", "removed"]
