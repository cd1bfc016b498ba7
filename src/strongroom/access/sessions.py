"""Logins: who sits there, how they proved it, and for how long that holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from strongroom.access import attempts, factors, passwords, tokens
from strongroom.access.accounts import ACCOUNTS, Account, AccountState
from strongroom.database import tables
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.database.times import format_time
from strongroom.errors import DeniedError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Ledger, Reading, Writing
from strongroom.types import AccountId, Factor, Random, Secret, SessionId, new_id

SESSION_TTL = timedelta(hours=8)
_MOST_TYPED = 200
"""Characters looked at of a typed name; the longest account name has 64."""


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
    token_hash: bytes
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


SESSIONS: GuardedTable[Session] = GuardedTable(tables.sessions, Session)


class Sessions:
    """Opens, checks and closes logins."""

    def __init__(self, ledger: Ledger, *, totp_key: Secret, random: Random) -> None:
        """Wire the shell.

        Args:
            ledger: Where every login is recorded.
            totp_key: Opens the stored TOTP secrets.
            random: Source of tokens.
        """
        self._ledger = ledger
        self._totp_key = totp_key
        self._random = random

    def login(
        self, name: str, password: Secret, code: str | None, *, source: str
    ) -> tuple[Session, Secret]:
        """Open a session; return it and its token.

        Args:
            name: Account name.
            password: Its password.
            code: TOTP or recovery code; needed once the account has a factor.
            source: Where the attempt comes from, for limiting; such as an address.

        Raises:
            DeniedError: Something is wrong, without saying what; or too many
                attempts failed lately.
        """
        name, source = _plain(name), _plain(source)
        attempts.begin(self._ledger, account=name, source=source)
        try:
            return self._login(name, password, code, source)
        except DeniedError as error:
            self._record_refusal(name, source)
            raise DeniedError(
                "the name, the password or the code is wrong",
                hint="each code works once; wait for the next one",
            ) from error

    def actor(self, token: Secret) -> Actor:
        """Return who holds this token now.

        Raises:
            DeniedError: The session is unknown, expired, or closed; or its
                account may no longer act.
        """
        with self._ledger.reading() as reading:
            return self.check(reading, token)

    def check(self, transaction: Reading | Writing, token: Secret) -> Actor:
        """Return who holds this token at the time of ``transaction``.

        Raises:
            DeniedError: As ``actor`` does.
        """
        columns = SESSIONS.columns
        found = SESSIONS.find(
            transaction, columns.token_hash == tokens.token_hash(token)
        )
        if not found:
            raise DeniedError("nobody is logged in here", hint="strongroom login NAME")
        actor = actor_of(found[0])
        verify_actor(transaction, actor, now=transaction.now)
        return actor

    def close(self, actor: Actor, *, why: str) -> None:
        """End the actor's session at once; one that has ended stays as it is."""
        if actor.session is None:
            return
        with self._ledger.transaction() as writing:
            session = SESSIONS.get(writing, actor.session, lock=True)
            if session.state is SessionState.OPEN:
                _close(writing, session, why=why, by=actor.account)

    def _login(
        self, name: str, password: Secret, code: str | None, source: str
    ) -> tuple[Session, Secret]:
        with self._ledger.reading() as reading:
            found = ACCOUNTS.find(reading, ACCOUNTS.columns.name == name)
        # Argon2 takes its time on purpose: not while others wait for the lock.
        rehashed = _check_password(found[0] if found else None, password)
        with self._ledger.transaction() as writing:
            account = ACCOUNTS.get(writing, found[0].id, lock=True)
            if account != found[0]:
                raise DeniedError("the account changed meanwhile")
            if rehashed is not None:
                account = ACCOUNTS.replace(writing, account, password_hash=rehashed)
            factor = factors.active_factor(writing, account.id)
            kind, at = Factor.PASSWORD, None
            if factor is not None:
                if code is None:
                    raise DeniedError("a code is needed")
                kind = factors.use(writing, factor, code, key=self._totp_key)
                at = writing.now
            attempts.forget_failures(writing.connection, account=name, source=source)
            return self._open(writing, account, kind, at, source)

    def _open(
        self,
        writing: Writing,
        account: Account,
        factor: Factor,
        factor_at: datetime | None,
        source: str,
    ) -> tuple[Session, Secret]:
        token = tokens.new_token(self._random)
        session = Session(
            id=SessionId(new_id("session", self._random)),
            account=account.id,
            token_hash=tokens.token_hash(token),
            factor=factor,
            factor_at=factor_at,
            opened_at=writing.now,
            expires_at=writing.now + SESSION_TTL,
            state=SessionState.OPEN,
        )
        SESSIONS.insert(writing, session)
        writing.append(
            Event(
                kind="session.opened",
                actor=account.id,
                session=session.id,
                facts={
                    "session": session.id,
                    "factor": factor,
                    "expires": format_time(session.expires_at),
                },
                private={"source": source},
            )
        )
        return session, token

    def _record_refusal(self, name: str, source: str) -> None:
        with self._ledger.transaction() as writing:
            found = ACCOUNTS.find(writing, ACCOUNTS.columns.name == name)
            account = found[0].id if found else None
            writing.append(
                Event(
                    kind="session.refused",
                    actor=None,
                    subject=account,
                    facts={"account": account, "why": "wrong name, password or code"},
                    private={"name": name, "source": source},
                )
            )


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
        _close(writing, session, why=why, by=by)


def _close(
    writing: Writing, session: Session, *, why: str, by: AccountId | None
) -> None:
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


def _check_password(account: Account | None, password: Secret) -> str | None:
    """Return a new hash when the stored one is made with outdated costs."""
    if account is None or account.password_hash is None:
        passwords.verify_nobody(password)
    verified = passwords.verify_password(account.password_hash, password)
    if account.state is not AccountState.ACTIVE:
        raise DeniedError(f"{account.name} is {account.state}")
    return passwords.hash_password(password) if verified.needs_rehash else None


def _plain(text: str) -> str:
    """Return what somebody typed as text that every database can look for."""
    text = text[:_MOST_TYPED].encode(errors="replace").decode()
    return text.replace("\x00", "?")
