"""Projects: what people belong to, and what models belong to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from strongroom.access.accounts import Account
from strongroom.access.teams import checked_name
from strongroom.database import tables
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.errors import ConflictError, MissingError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.types import AccountId, ProjectId, Random, new_id


class Membership(StrEnum):
    """Whether an account belongs to a project now.

    An owner is a member who is told of what happens to it, and has no other right.
    """

    MEMBER = "member"
    OWNER = "owner"
    REMOVED = "removed"


BELONGS: Final = (Membership.MEMBER, Membership.OWNER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """The unit of access: members, and the models they work on."""

    id: ProjectId
    revision: int = 1
    name: str
    state: str = "active"
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One account in one project; ``id`` is ``project/account``."""

    id: str
    revision: int = 1
    project: ProjectId
    account: AccountId
    state: Membership


PROJECTS: GuardedTable[Project] = GuardedTable(tables.projects, Project)
MEMBERS: GuardedTable[Member] = GuardedTable(tables.members, Member)


def find_project(transaction: Transaction, name_or_id: str) -> Project:
    """Return the project of this name or id.

    Raises:
        MissingError: There is none.
    """
    columns = PROJECTS.columns
    found = PROJECTS.find(
        transaction, (columns.id == name_or_id) | (columns.name == name_or_id)
    )
    if not found:
        raise MissingError(
            f"there is no project {name_or_id[:80]!r}",
            hint="strongroom project list",
            noun="project",
            named=name_or_id,
        )
    return found[0]


def create_project(
    writing: Writing, name: str, *, by: AccountId | None, random: Random
) -> Project:
    """Insert a project.

    Raises:
        InputError: The name cannot be used.
        ConflictError: The name is taken.
    """
    checked_name(name, what="a project")
    if PROJECTS.find(writing, PROJECTS.columns.name == name):
        raise ConflictError(f"the project {name} exists", hint="choose another name")
    project = Project(
        id=ProjectId(new_id("project", random)), name=name, created_at=writing.now
    )
    PROJECTS.insert(writing, project)
    writing.append(
        Event(
            kind="project.created",
            actor=by,
            facts={"project": project.id},
            private={"name": name},
        )
    )
    return project


def set_member(
    writing: Writing,
    project: Project,
    account: Account,
    state: Membership,
    *,
    by: AccountId | None,
) -> None:
    """Add an account to a project, or take it out."""
    id_ = f"{project.id}/{account.id}"
    found = MEMBERS.find(writing, MEMBERS.columns.id == id_, lock=True)
    if found and found[0].state is state:
        return
    if found:
        MEMBERS.replace(writing, found[0], state=state)
    else:
        MEMBERS.insert(
            writing,
            Member(id=id_, project=project.id, account=account.id, state=state),
        )
    writing.append(
        Event(
            kind="project.member",
            actor=by,
            subject=account.id,
            facts={"project": project.id, "account": account.id, "state": state},
        )
    )


def projects_of(transaction: Transaction, account: AccountId) -> frozenset[ProjectId]:
    """Return the projects that an account belongs to now."""
    columns = MEMBERS.columns
    rows = MEMBERS.find(
        transaction, columns.account == account, columns.state.in_(BELONGS)
    )
    return frozenset(row.project for row in rows)


def owners(transaction: Transaction) -> list[Member]:
    """Return who owns which project now."""
    return MEMBERS.find(transaction, MEMBERS.columns.state == Membership.OWNER)
