"""Teams, and the names that people, teams, projects and models may have."""

from __future__ import annotations

from dataclasses import dataclass

from strongroom.database import tables
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.errors import InputError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.types import AccountId, Random, TeamId, id_bytes, new_id

MAX_NAME_LENGTH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """People who answer to one another; approvals come from other teams."""

    id: TeamId
    revision: int = 1
    name: str


TEAMS: GuardedTable[Team] = GuardedTable(tables.teams, Team)


def checked_name(name: str, *, what: str) -> str:
    """Return ``name`` if a person can type, read and tell it apart.

    Raises:
        InputError: It is empty, too long, has other than lower-case letters and
            digits of ASCII, dots, hyphens and underscores, or could be an id.
    """
    allowed = set("abcdefghijklmnopqrstuvwxyz0123456789.-_")
    if (
        not 1 <= len(name) <= MAX_NAME_LENGTH
        or not set(name) <= allowed
        or not name[0].isalnum()
        or ".." in name
        or _is_id(name)
    ):
        raise InputError(
            f"{name[:MAX_NAME_LENGTH]!r} is no name for {what}",
            hint=f"use up to {MAX_NAME_LENGTH} characters of a-z 0-9 . - _,"
            " a letter or digit first, no two dots in a row, nothing like an id",
        )
    return name


def _is_id(name: str) -> bool:
    """Return whether a name would be taken for somebody else's id."""
    try:
        id_bytes(name)
    except InputError:
        return False
    return "-" in name


def find_team(transaction: Transaction, name: str) -> Team | None:
    """Return the team of this name, if there is one."""
    found = TEAMS.find(transaction, TEAMS.columns.name == name)
    return found[0] if found else None


def ensure_team(
    writing: Writing, name: str, *, by: AccountId | None, random: Random
) -> Team:
    """Return the team of this name, made now if it is new."""
    team = find_team(writing, checked_name(name, what="a team"))
    if team is not None:
        return team
    team = Team(id=TeamId(new_id("team", random)), name=name)
    TEAMS.insert(writing, team)
    writing.append(
        Event(
            kind="team.created",
            actor=by,
            facts={"team": team.id},
            private={"name": name},
        )
    )
    return team
