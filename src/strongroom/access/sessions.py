"""Sessions: who sits there, how they proved it, and for how long that holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from strongroom.access.accounts import ACCOUNTS, Account, AccountState
from strongroom.canonical import Json
from strongroom.database import tables
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.errors import DeniedError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.types import AccountId, Factor, SessionId

SESSION_TTL = timedelta(hours=8)


class SessionState(StrEnum):
    """Whether a session counts."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One login; the token itself is not stored."""

    id: SessionId
    revision: int = 1
    account: AccountId
    token_hash: bytes = field(repr=False)
    factor: Factor
    factor_at: datetime | None
    opened_at: datetime
    expires_at: datetime
    state: SessionState


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks, and what they proved.

    Attributes:
        account: Whose name everything goes under.
        session: The login; ``None`` for the one person of a ``solo`` room who
            gave the passphrase.
        factor: The strongest proof of the session.
        factor_at: When the second factor was given; ``None`` without one.
    """

    account: AccountId
    session: SessionId | None = None
    factor: Factor = Factor.PASSPHRASE
    factor_at: datetime | None = None

    def event(
        self,
        kind: str,
        facts: Mapping[str, Json],
        *,
        private: Mapping[str, str] | None = None,
        subject: AccountId | None = None,
    ) -> Event:
        """Return the event of this kind that the actor causes in this session.

        Args:
            kind: A key of ``KINDS``.
            facts: The clear fields that the kind demands.
            private: The erasable fields, if any.
            subject: Whom the private fields are about.

        Raises:
            InputError: The kind is unknown, or its fields are not these.
        """
        return Event(
            kind=kind,
            actor=self.account,
            session=self.session,
            facts=facts,
            private=private or {},
            subject=subject,
        )


SESSIONS: GuardedTable[Session] = GuardedTable(tables.sessions, Session)


def actor_of(session: Session) -> Actor:
    """Return the actor of a verified session row."""
    return Actor(
        account=session.account,
        session=session.id,
        factor=session.factor,
        factor_at=session.factor_at,
    )


def verify_actor(transaction: Transaction, actor: Actor, *, now: datetime) -> Account:
    """Return the account of ``actor``, whose session still counts at ``now``.

    Called inside the transaction of every decision, so that a closed session
    or a suspended account is refused at once.

    Raises:
        DeniedError: The session ended, or the account may not act.
    """
    if actor.session is not None:
        session = SESSIONS.get(transaction, actor.session)
        if session.state is not SessionState.OPEN or now >= session.expires_at:
            raise DeniedError("the session has ended", hint="strongroom login NAME")
        if actor_of(session) != actor:
            raise DeniedError("the session is not what it was", hint="strongroom login")
    account = ACCOUNTS.get(transaction, actor.account)
    if account.state is not AccountState.ACTIVE:
        raise DeniedError(
            f"{account.name} is {account.state}", hint="ask an administrator"
        )
    return account


def close_all(
    writing: Writing, account: AccountId, *, why: str, by: AccountId | None
) -> None:
    """End every open session of an account, in the same commit."""
    columns = SESSIONS.columns
    open_ones = SESSIONS.find(
        writing,
        columns.account == account,
        columns.state == SessionState.OPEN,
        lock=True,
    )
    for session in open_ones:
        close(writing, session, why=why, by=by)


def close(
    writing: Writing, session: Session, *, why: str, by: AccountId | None
) -> None:
    """End one session that is open, and record it."""
    SESSIONS.replace(writing, session, state=SessionState.CLOSED)
    writing.append(
        Event(
            kind="session.closed",
            actor=by,
            session=session.id,
            subject=session.account,
            facts={"session": session.id, "why": why},
        )
    )
