"""People, services and agents: from invited to left.

An account id is random and never reused; a name can be erased later without
touching any proof.  Services and agents have an owner, who is a person and to
whom everything they hold is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from strongroom.access.teams import Team, checked_name
from strongroom.database import tables
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.errors import ConflictError, InputError, MissingError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.types import (
    AccountId,
    AccountKind,
    Random,
    RequestId,
    Role,
    TeamId,
    new_id,
)


class AccountState(StrEnum):
    """Where an account is between joining and leaving."""

    INVITED = "invited"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    LEFT = "left"


_NEXT: dict[AccountState, frozenset[AccountState]] = {
    AccountState.INVITED: frozenset({AccountState.LEFT}),  # active only by enrolling
    AccountState.ACTIVE: frozenset({AccountState.SUSPENDED, AccountState.LEFT}),
    AccountState.SUSPENDED: frozenset({AccountState.ACTIVE, AccountState.LEFT}),
    AccountState.LEFT: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody or something that can act."""

    id: AccountId
    revision: int = 1
    name: str
    kind: AccountKind
    team: TeamId
    owner: AccountId | None
    roles: tuple[Role, ...]
    state: AccountState
    password_hash: str | None = field(repr=False)
    enrolment_hash: bytes | None = field(repr=False)
    enrolment_until: datetime | None
    created_at: datetime

    @property
    def counts_as(self) -> AccountId:
        """Whose exposure grows when this account is given a key."""
        return self.owner or self.id


ACCOUNTS: GuardedTable[Account] = GuardedTable(tables.accounts, Account)


def find_account(transaction: Transaction, name_or_id: str) -> Account:
    """Return the account of this id, else of this name.

    Raises:
        MissingError: There is none.
    """
    columns = ACCOUNTS.columns
    found = ACCOUNTS.find(transaction, columns.id == name_or_id)
    found = found or ACCOUNTS.find(transaction, columns.name == name_or_id)
    if not found:
        raise MissingError(
            f"there is no account {name_or_id[:80]!r}",
            hint="strongroom account list",
            noun="account",
            named=name_or_id,
        )
    return found[0]


def create_account(
    writing: Writing,
    *,
    name: str,
    kind: AccountKind,
    team: Team,
    owner: Account | None,
    roles: Sequence[Role],
    request: RequestId | None,
    by: AccountId | None,
    random: Random,
) -> Account:
    """Insert an invited account; what allows it was decided before.

    Raises:
        InputError: The name cannot be used, or the owner does not fit the kind.
        ConflictError: The name is taken.
    """
    checked_name(name, what="an account")
    if (owner is None) != (kind is AccountKind.PERSON):
        raise InputError("services and agents have an owner, people have none")
    if owner is not None and owner.kind is not AccountKind.PERSON:
        raise InputError("an owner is a person")
    if ACCOUNTS.find(writing, ACCOUNTS.columns.name == name):
        raise ConflictError(f"the name {name} is taken", hint="choose another")
    account = Account(
        id=AccountId(new_id("account", random)),
        name=name,
        kind=kind,
        team=team.id,
        owner=owner.id if owner else None,
        roles=tuple(sorted(set(roles))),
        state=AccountState.INVITED,
        password_hash=None,
        enrolment_hash=None,
        enrolment_until=None,
        created_at=writing.now,
    )
    ACCOUNTS.insert(writing, account)
    writing.append(
        Event(
            kind="account.created",
            actor=by,
            subject=account.id,
            facts={
                "account": account.id,
                "kind": kind,
                "team": team.id,
                "owner": account.owner,
                "roles": list(account.roles),
                "request": request,
            },
            private={"name": name},
        )
    )
    return account


def change_state(
    writing: Writing,
    account: Account,
    state: AccountState,
    *,
    by: AccountId | None,
    reason: str = "",
) -> Account:
    """Move an account along from joiner to leaver; nobody comes back from left.

    Raises:
        ConflictError: There is no way from its state to the new one, or nobody could
            administer the room any more.
    """
    if state not in _NEXT[account.state]:
        now = "has left" if account.state == "left" else f"is {account.state}"
        raise ConflictError(f"{account.name} {now} and cannot be {state}")
    if state is not AccountState.ACTIVE:
        _check_somebody_administers(writing, account)
    account = ACCOUNTS.replace(writing, account, state=state)
    writing.append(changed(account, by=by, reason=reason))
    return account


def _check_somebody_administers(writing: Writing, without: Account) -> None:
    """Check that somebody can keep accounts when ``without`` no longer acts.

    Raises:
        ConflictError: It is the last administrator, and nobody could undo it.
    """
    if Role.ADMINISTRATOR not in without.roles:
        return
    active = ACCOUNTS.columns.state == AccountState.ACTIVE
    others = (
        a for a in ACCOUNTS.find(writing, active, lock=True) if a.id != without.id
    )
    if not any(Role.ADMINISTRATOR in other.roles for other in others):
        raise ConflictError(
            f"{without.name} is the last administrator of this room",
            hint="first give somebody else the role: strongroom account roles",
        )


def change_roles(
    writing: Writing,
    account: Account,
    *,
    team: Team,
    roles: Sequence[Role],
    request: RequestId | None,
    by: AccountId | None,
) -> Account:
    """Give an account other roles or another team; exposure stays what it is."""
    account = ACCOUNTS.replace(
        writing, account, team=team.id, roles=tuple(sorted(set(roles)))
    )
    writing.append(
        Event(
            kind="role.changed",
            actor=by,
            subject=account.id,
            facts={
                "account": account.id,
                "team": team.id,
                "roles": list(account.roles),
                "request": request,
            },
        )
    )
    return account


def changed(account: Account, *, by: AccountId | None, reason: str = "") -> Event:
    """Return the entry for a change of an account's own row."""
    return Event(
        kind="account.changed",
        actor=by,
        subject=account.id,
        facts={"account": account.id, "state": account.state},
        private={"reason": reason} if reason else {},
    )
