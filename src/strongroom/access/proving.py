"""Passkeys at work: used to log in, and again in a session.

Each is two calls: one asks, one takes the answer.  Between them somebody touches
a key, which no transaction waits for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from strongroom.access import assertions, attempts, ceremonies, challenges, passkeys
from strongroom.access.accounts import ACCOUNTS, Account
from strongroom.access.ceremonies import Ceremony
from strongroom.access.challenges import Challenge, Purpose
from strongroom.access.gate import Gate
from strongroom.access.logins import Sessions, locked, plain
from strongroom.access.passkeys import Passkey
from strongroom.access.sessions import (
    SESSIONS,
    Actor,
    Session,
    actor_of,
    verify_actor,
)
from strongroom.errors import DeniedError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.types import Factor, Random, Secret


class Proving:
    """Takes passkeys as proof of who sits there."""

    def __init__(self, gate: Gate, sessions: Sessions, *, random: Random) -> None:
        """Wire the shell."""
        self._gate = gate
        self._ledger = gate.ledger
        self._sessions = sessions
        self._random = random

    def begin_login(self, name: str, password: Secret, *, source: str) -> Ceremony:
        """Ask for a passkey of whoever knows this password.

        Raises:
            DeniedError: Name or password are wrong, or there is no passkey; or too
                many attempts failed lately.
            SetupError: The room has no passkeys.
        """
        self._gate.require_party()
        name, source = plain(name), plain(source)
        attempts.begin(self._ledger, account=name, source=source)
        with self._sessions.recording_refusals(name, source):
            known, rehashed = self._sessions.check_password(name, password)
            with self._ledger.transaction() as writing:
                account = locked(writing, known, rehashed)
                if not _keys(writing, account):
                    raise DeniedError("the account has no passkey")
                challenge = self._ask(writing, account, Purpose.LOGIN, source=source)
                return self._question(writing, account, challenge)

    def login(self, challenge_id: str, answer: str) -> tuple[Session, Secret]:
        """Open a session for whoever answered; return it and its token.

        Args:
            challenge_id: From ``begin_login``.
            answer: ``AuthenticationResponseJSON``.

        Raises:
            InputError: The answer is not understood.
            DeniedError: It does not verify, or answers another question.
            CounterError: The passkey may have a copy; it is suspended.
        """
        assertion = assertions.parse_assertion(answer)
        party = self._gate.require_party()
        with (
            self._recording_refusal(challenge_id),
            passkeys.suspending(self._ledger),
            self._ledger.transaction() as writing,
        ):
            challenge = challenges.take(writing, challenge_id, Purpose.LOGIN)
            account = ACCOUNTS.get(writing, challenge.account, lock=True)
            passkeys.accept(
                writing, account.id, assertion, challenge=challenge.value, party=party
            )
            attempts.forget_failures(
                writing.connection, account=account.name, source=challenge.source
            )
            return self._sessions.open(
                writing, account, Factor.PASSKEY, writing.now, challenge.source
            )

    def begin_step_up(self, actor: Actor) -> Ceremony:
        """Ask whoever is logged in for a passkey.

        Raises:
            DeniedError: The session ended, or the account has no passkey.
            SetupError: The room has no passkeys.
        """
        self._gate.require_party()
        with self._ledger.transaction() as writing:
            verify_actor(writing, actor, now=writing.now)
            account = ACCOUNTS.get(writing, actor.account, lock=True)
            if not _keys(writing, account):
                raise DeniedError(
                    "the account has no passkey", hint="strongroom account passkey add"
                )
            challenge = self._ask(writing, account, Purpose.STEP_UP, actor=actor)
            return self._question(writing, account, challenge)

    def step_up(self, actor: Actor, challenge_id: str, answer: str) -> Actor:
        """Note in the actor's session that they just used a passkey.

        Args:
            actor: Whose session it is.
            challenge_id: From ``begin_step_up``.
            answer: ``AuthenticationResponseJSON``.

        Raises:
            InputError: The answer is not understood.
            DeniedError: It does not verify, or there is no session.
            CounterError: The passkey may have a copy; it is suspended.
        """
        assertion = assertions.parse_assertion(answer)
        party = self._gate.require_party()
        if actor.session is None:
            raise DeniedError("there is no session", hint="strongroom login NAME")
        with passkeys.suspending(self._ledger), self._ledger.transaction() as writing:
            verify_actor(writing, actor, now=writing.now)
            account = ACCOUNTS.get(writing, actor.account, lock=True)
            challenge = challenges.take(
                writing, challenge_id, Purpose.STEP_UP, account=account.id
            )
            passkeys.accept(
                writing, account.id, assertion, challenge=challenge.value, party=party
            )
            session = SESSIONS.replace(
                writing,
                SESSIONS.get(writing, actor.session, lock=True),
                factor=Factor.PASSKEY,
                factor_at=writing.now,
            )
            writing.append(
                Event(
                    kind="session.proved",
                    actor=account.id,
                    session=session.id,
                    facts={"session": session.id, "factor": Factor.PASSKEY},
                )
            )
            return actor_of(session)

    @contextmanager
    def _recording_refusal(self, challenge_id: str) -> Iterator[None]:
        """Record a refused login by a passkey; it says what was wrong.

        Whoever comes this far knew the password.
        """
        try:
            yield
        except DeniedError as error:
            with self._ledger.transaction() as writing:
                asked = challenges.find(writing, challenge_id)
                account = asked.account if asked else None
                why = ", ".join(error.reasons) or "a passkey did not verify"
                source = {"source": asked.source} if asked and asked.source else {}
                writing.append(
                    Event(
                        kind="session.refused",
                        actor=None,
                        subject=account,
                        facts={"account": account, "why": why},
                        private=source,
                    )
                )
            raise

    def _ask(
        self,
        writing: Writing,
        account: Account,
        purpose: Purpose,
        *,
        actor: Actor | None = None,
        source: str = "",
    ) -> Challenge:
        return challenges.ask(
            writing,
            account,
            purpose,
            random=self._random,
            session=actor.session if actor else None,
            source=source,
        )

    def _question(
        self, writing: Writing, account: Account, challenge: Challenge
    ) -> Ceremony:
        options = ceremonies.request_options(
            challenge=challenge.value,
            party=self._gate.require_party(),
            known=[key.credential for key in _keys(writing, account)],
        )
        return Ceremony(challenge=challenge.id, options=options)


def _keys(writing: Writing, account: Account) -> list[Passkey]:
    return passkeys.active_passkeys(writing, account.id)
