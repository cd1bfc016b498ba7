"""Passkeys of an account: registered, listed, removed.

Registering is two calls: one asks, one takes the answer.  Between them somebody
touches a key, which no transaction waits for.
"""

from __future__ import annotations

from strongroom.access import accounts, assertions, ceremonies, challenges, passkeys
from strongroom.access.accounts import ACCOUNTS, Account
from strongroom.access.ceremonies import Ceremony
from strongroom.access.challenges import Purpose
from strongroom.access.gate import Gate
from strongroom.access.passkeys import PASSKEYS, Passkey, PasskeyState
from strongroom.access.sessions import Actor, verify_actor
from strongroom.errors import DeniedError, MissingError
from strongroom.ledger.log import Writing
from strongroom.types import Random, Role

_SEE_OTHERS = frozenset({Role.ADMINISTRATOR, Role.ANALYST, Role.AUDITOR})
_REMOVE_OTHERS = frozenset({Role.ADMINISTRATOR, Role.ANALYST})


class Keyring:
    """What people do about their passkeys."""

    def __init__(self, gate: Gate, *, random: Random) -> None:
        """Wire the shell."""
        self._gate = gate
        self._ledger = gate.ledger
        self._random = random

    def begin_add(self, actor: Actor) -> Ceremony:
        """Ask for a new passkey of the actor.

        Raises:
            DeniedError: There is a second factor, and the session did not prove it
                lately: a stolen session must not get one of its own.
            SetupError: The room has no passkeys.
        """
        party = self._gate.require_party()
        with self._ledger.transaction() as writing:
            account = self._account(writing, actor)
            challenge = challenges.ask(
                writing,
                account,
                Purpose.ADD,
                random=self._random,
                session=actor.session,
            )
            known = [
                key.credential for key in passkeys.active_passkeys(writing, account.id)
            ]
        options = ceremonies.creation_options(
            account, challenge=challenge.value, party=party, known=known
        )
        return Ceremony(challenge=challenge.id, options=options)

    def add(
        self, actor: Actor, challenge_id: str, answer: str, *, label: str
    ) -> Passkey:
        """Let a new passkey of the actor count.

        Args:
            actor: Whose it becomes.
            challenge_id: From ``begin_add``.
            answer: ``RegistrationResponseJSON``.
            label: What they call it.

        Raises:
            InputError: The answer or the label is not understood.
            DeniedError: It answers another question, from elsewhere, or without
                checking who sits there.
            ConflictError: The passkey is somebody's already.
        """
        party = self._gate.require_party()
        with self._ledger.transaction() as writing:
            account = self._account(writing, actor)
            challenge = challenges.take(
                writing, challenge_id, Purpose.ADD, account=account.id
            )
            registered = assertions.verify_registration(
                answer, challenge=challenge.value, party=party
            )
            return passkeys.add(
                writing, account, registered, label=label, random=self._random
            )

    def listed(self, actor: Actor, name: str | None = None) -> list[Passkey]:
        """Return the passkeys of the actor or, for some roles, of somebody else.

        Raises:
            MissingError: There is no such account.
            DeniedError: They are somebody else's, and the actor only has a role
                that does not look after people.
        """
        with self._ledger.reading() as reading:
            me = verify_actor(reading, actor, now=reading.now)
            account = accounts.find_account(reading, name) if name else me
            if account.id != me.id and not _SEE_OTHERS & set(me.roles):
                raise DeniedError("these passkeys are somebody else's")
            return PASSKEYS.find_all(reading, prefix=f"{account.id}/")

    def suspended(self, actor: Actor) -> list[tuple[Account, Passkey]]:
        """Return the passkeys that may have a copy, for those who look after people.

        Nobody else is told of others'.
        """
        with self._ledger.reading() as reading:
            me = verify_actor(reading, actor, now=reading.now)
            if not _SEE_OTHERS & set(me.roles):
                return []
            found = PASSKEYS.find(
                reading, PASSKEYS.columns.state == PasskeyState.SUSPENDED
            )
            return [(ACCOUNTS.get(reading, key.account), key) for key in found]

    def remove(self, actor: Actor, passkey_id: str) -> Passkey:
        """Let a passkey count no more: one's own, or for some roles anybody's.

        What it signed counts no more either.  No proof is asked for: whoever lost
        a key must be able to say so at once.

        Raises:
            MissingError: There is no such passkey, or it is somebody else's.
            ConflictError: It was removed before.
        """
        with self._ledger.transaction() as writing:
            me = verify_actor(writing, actor, now=writing.now)
            columns = PASSKEYS.columns
            found = PASSKEYS.find(
                writing, columns.id.endswith(f"/{passkey_id[:80]}", autoescape=True)
            )
            others = _REMOVE_OTHERS & set(me.roles)
            mine = [key for key in found if others or key.account == me.id]
            if len(mine) != 1:
                raise MissingError(
                    f"you have no passkey {passkey_id[:80]!r}",
                    hint="strongroom account passkey list",
                )
            ACCOUNTS.get(writing, mine[0].account, lock=True)
            passkey = PASSKEYS.get(writing, mine[0].id, lock=True)
            return passkeys.remove(writing, passkey, by=me.id)

    def _account(self, writing: Writing, actor: Actor) -> Account:
        """Return the actor's account, locked, if the session may change factors."""
        verify_actor(writing, actor, now=writing.now)
        account = ACCOUNTS.get(writing, actor.account, lock=True)
        self._gate.require_fresh_factor(writing, actor)
        return account
