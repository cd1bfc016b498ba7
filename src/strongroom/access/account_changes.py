"""What administrators ask for about accounts: read from words, and carried out.

It stands in a request as words, and becomes rows when enough people agreed.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TypeVar

from strongroom.access import accounts, teams
from strongroom.access.accounts import ACCOUNTS
from strongroom.access.request import Request
from strongroom.canonical import Json
from strongroom.errors import InputError
from strongroom.ledger.log import Writing
from strongroom.types import AccountId, AccountKind, Random, Role

E = TypeVar("E", bound=StrEnum)


def chosen(kind: type[E], word: str) -> E:
    """Return the member of ``kind`` that a word names.

    Raises:
        InputError: There is none.
    """
    try:
        return kind(word)
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise InputError(f"{word[:80]!r} is none of {known}") from None


def roles(words: Sequence[str]) -> list[Json]:
    """Return roles as a request holds them: each once, in order.

    Raises:
        InputError: There is no such role.
    """
    return [*sorted({chosen(Role, word) for word in words})]


def create(writing: Writing, request: Request, *, random: Random) -> None:
    """Create the account that was asked for.

    Raises:
        ConflictError: The name was taken meanwhile.
        MissingError: There is no such owner.
    """
    payload = request.payload()
    owner = payload["owner"]
    accounts.create_account(
        writing,
        name=str(payload["name"]),
        kind=AccountKind(str(payload["kind"])),
        team=teams.ensure_team(
            writing, str(payload["team"]), by=request.asker, random=random
        ),
        owner=accounts.find_account(writing, str(owner)) if owner else None,
        roles=_stored_roles(payload["roles"]),
        request=request.id,
        by=request.asker,
        random=random,
    )


def change_roles(writing: Writing, request: Request, *, random: Random) -> None:
    """Give the account the team and the roles that were asked for."""
    payload = request.payload()
    account = ACCOUNTS.get(writing, AccountId(str(payload["account"])), lock=True)
    team = teams.ensure_team(
        writing, str(payload["team"]), by=request.asker, random=random
    )
    accounts.change_roles(
        writing,
        account,
        team=team,
        roles=_stored_roles(payload["roles"]),
        request=request.id,
        by=request.asker,
    )


def _stored_roles(value: Json) -> tuple[Role, ...]:
    return tuple(Role(str(role)) for role in value) if isinstance(value, list) else ()
