"""Logging in with a password and a code, and out again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from strongroom.access import attempts, factors, passkeys, passwords, tokens
from strongroom.access.accounts import ACCOUNTS, Account, AccountState
from strongroom.access.gate import Gate
from strongroom.access.sessions import (
    SESSION_TTL,
    SESSIONS,
    Actor,
    Session,
    SessionState,
    actor_of,
    close,
    verify_actor,
)
from strongroom.database.times import format_time
from strongroom.errors import DeniedError
from strongroom.ledger.events import Event, typed
from strongroom.ledger.log import Reading, Writing
from strongroom.types import Factor, Random, Secret, SessionId, new_id


class Sessions:
    """Opens, checks and closes logins."""

    def __init__(self, gate: Gate, *, totp_key: Secret, random: Random) -> None:
        """Wire the shell.

        Args:
            gate: Asks policy whether a proof is enough to log in; a password that
                is stored at another cost than the gate's is hashed anew.
            totp_key: Opens the stored TOTP secrets.
            random: Source of tokens.
        """
        self._gate = gate
        self._ledger = gate.ledger
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
        name, source = plain(name), plain(source)
        attempts.begin(self._ledger, account=name, source=source)
        with self.recording_refusals(name, source):
            return self._login(name, password, code, source)

    def check_password(self, name: str, password: Secret) -> tuple[Account, str | None]:
        """Return the account with this password, and a new hash if one is due.

        Argon2 takes its time on purpose: it is asked outside any transaction, so
        that nobody waits for a lock meanwhile.  ``locked`` comes after it.

        Raises:
            DeniedError: There is none, or it may not act.
        """
        with self._ledger.reading() as reading:
            found = ACCOUNTS.find(reading, ACCOUNTS.columns.name == name)
        account = found[0] if found else None
        rehashed = _check_password(account, password, self._gate.password_cost)
        if account is None:
            raise AssertionError("a password of nobody was right")
        return account, rehashed

    @contextmanager
    def recording_refusals(self, name: str, source: str) -> Iterator[None]:
        """Record a refused login, and do not say what was wrong with it.

        A rule that refuses says its name: by then everything was right.

        Raises:
            DeniedError: The refusal, once it is recorded.
        """
        try:
            yield
        except DeniedError as error:
            why = ", ".join(error.reasons) or "wrong name, password or code"
            self._record_refusal(name, source, why)
            if error.reasons:
                raise
            raise DeniedError(
                "the name, the password or the code is wrong",
                hint="each code works once; whoever has a passkey adds --passkey",
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
                close(writing, session, why=why, by=actor.account)

    def _login(
        self, name: str, password: Secret, code: str | None, source: str
    ) -> tuple[Session, Secret]:
        known, rehashed = self.check_password(name, password)
        with self._ledger.transaction() as writing:
            account = locked(writing, known, rehashed)
            factor = factors.active_factor(writing, account.id)
            kind, at = Factor.PASSWORD, None
            if factor is not None:
                if code is None:
                    raise DeniedError("a code is needed")
                kind = factors.use(writing, factor, code, key=self._totp_key)
                at = writing.now
            elif passkeys.active_passkeys(writing, account.id):
                raise DeniedError("a passkey is needed")
            attempts.forget_failures(writing.connection, account=name, source=source)
            return self.open(writing, account, kind, at, source)

    def open(
        self,
        writing: Writing,
        account: Account,
        factor: Factor,
        factor_at: datetime | None,
        source: str,
    ) -> tuple[Session, Secret]:
        """Begin a session for somebody who proved who they are; return its token.

        Raises:
            DeniedError: Policy does not take this proof.
        """
        self._gate.admit(writing, account, factor, factor_at)
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

    def _record_refusal(self, name: str, source: str, why: str) -> None:
        with self._ledger.transaction() as writing:
            found = ACCOUNTS.find(writing, ACCOUNTS.columns.name == name)
            account = found[0].id if found else None
            writing.append(
                Event(
                    kind="session.refused",
                    actor=None,
                    subject=account,
                    facts={"account": account, "why": why},
                    private={"name": name, "source": source},
                )
            )


def locked(writing: Writing, known: Account, rehashed: str | None) -> Account:
    """Return an account whose password was checked, locked; store its new hash.

    Raises:
        DeniedError: It changed since.
    """
    account = ACCOUNTS.get(writing, known.id, lock=True)
    if account != known:
        raise DeniedError("the account changed meanwhile")
    if rehashed is None:
        return account
    return ACCOUNTS.replace(writing, account, password_hash=rehashed)


def _check_password(
    account: Account | None, password: Secret, cost: passwords.Cost
) -> str | None:
    """Return a new hash when the stored one is made with outdated costs."""
    if account is None or account.password_hash is None:
        passwords.verify_nobody(password, cost=cost)
    verified = passwords.verify_password(account.password_hash, password, cost=cost)
    if account.state is not AccountState.ACTIVE:
        raise DeniedError(f"{account.name} is {account.state}")
    if not verified.needs_rehash:
        return None
    return passwords.hash_password(password, cost=cost)


def plain(text: str) -> str:
    """Return what somebody typed as text that every database can look for."""
    return typed(text).replace("\x00", "?")
