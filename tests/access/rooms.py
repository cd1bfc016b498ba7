"""The shells of access over a real ledger, with people who are logged in."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from strongroom.access import passwords, totp
from strongroom.access.accounts import (
    ACCOUNTS,
    Account,
    AccountState,
    change_state,
    create_account,
    find_account,
)
from strongroom.access.approvals import Approvals
from strongroom.access.erasure import Erasures
from strongroom.access.gate import Gate
from strongroom.access.keyring import Keyring
from strongroom.access.logins import Sessions
from strongroom.access.passkeys import Passkey
from strongroom.access.people import People
from strongroom.access.policy import Policy
from strongroom.access.proving import Proving
from strongroom.access.request import Request
from strongroom.access.sessions import Actor, actor_of
from strongroom.access.teams import ensure_team
from strongroom.access.terms_file import load_terms
from strongroom.database import tables
from strongroom.settings import RelyingParty
from strongroom.types import (
    AccountKind,
    Factor,
    Profile,
    Role,
    Secret,
)
from tests.authenticator import SoftAuthenticator
from tests.ledger.world import KEYS, World, event, world_at

PASSWORD = Secret(b"correct horse battery")
QUICK = passwords.Cost(memory_kib=19 * 1024, passes=1, lanes=1)
HASHED = passwords.hash_password(PASSWORD, cost=QUICK)
POLICIES = {profile: Policy.load(profile) for profile in Profile}
PARTY = RelyingParty(domain="rooms.example", origins=("https://rooms.example",))
TERMS = {profile: load_terms(profile) for profile in Profile}


class Said(NamedTuple):
    """What an entry says, the free text beside it, and whom that is about."""

    actor: str | None
    session: str | None
    facts: dict[str, Any]
    private: dict[str, str]
    about: str | None


@dataclass
class Rooms:
    """Accounts, sessions and requests of one room."""

    world: World
    gate: Gate
    approvals: Approvals
    sessions: Sessions
    keyring: Keyring
    proving: Proving
    people: People
    erasures: Erasures

    def account(
        self, name: str, *roles: Role, team: str = "alpha", kind: str = "person"
    ) -> Account:
        """Create an active account whose password is ``PASSWORD``."""
        with self.world.ledger.transaction() as writing:
            made = create_account(
                writing,
                name=name,
                kind=AccountKind(kind),
                team=ensure_team(writing, team, by=None, random=os.urandom),
                owner=None,
                roles=roles,
                request=None,
                by=None,
                random=os.urandom,
            )
            made = ACCOUNTS.replace(
                writing, made, state=AccountState.ACTIVE, password_hash=HASHED
            )
            writing.append(event())
        return made

    def actor(self, name: str, *roles: Role, team: str = "alpha") -> Actor:
        """Create an account and return it as somebody who proved a factor now."""
        account = self.account(name, *roles, team=team)
        return self.session(account, Factor.TOTP)

    def passkey(
        self, actor: Actor, key: SoftAuthenticator, label: str = "key"
    ) -> Passkey:
        """Register a passkey of somebody."""
        asked = self.keyring.begin_add(actor)
        answer = key.create(asked.options)
        return self.keyring.add(actor, asked.challenge, answer, label=label)

    def login(self, name: str, key: SoftAuthenticator) -> Actor:
        """Let somebody log in with a passkey."""
        asked = self.proving.begin_login(name, PASSWORD, source="here")
        session, _ = self.proving.login(asked.challenge, key.get(asked.options))
        return actor_of(session)

    def signer(
        self, name: str, *roles: Role, team: str
    ) -> tuple[Actor, SoftAuthenticator]:
        """Create an account with a passkey, logged in with it.

        Without the password hashing of a login, which takes 0.1 s.
        """
        account, key = self.account(name, *roles, team=team), SoftAuthenticator()
        self.passkey(self.session(account, Factor.PASSWORD), key)
        return self.session(account, Factor.PASSKEY), key

    def session(self, account: Account, factor: Factor) -> Actor:
        """Open a session of somebody who gave this proof now."""
        with self.world.ledger.transaction() as writing:
            at = None if factor is Factor.PASSWORD else writing.now
            session, _ = self.sessions.open(writing, account, factor, at, "test")
        return actor_of(session)

    def sign(self, actor: Actor, key: SoftAuthenticator, request: str) -> Request:
        """Let somebody sign an approval."""
        asked = self.approvals.begin_approval(actor, request)
        return self.approvals.approve(actor, request, signed=key.get(asked.options))

    @staticmethod
    def random(length: int) -> bytes:
        """Return that many random bytes."""
        return os.urandom(length)

    def suspend(self, name: str) -> None:
        """Suspend somebody, as an administrator would."""
        with self.world.ledger.transaction() as writing:
            found = find_account(writing, name)
            account = ACCOUNTS.get(writing, found.id, lock=True)
            change_state(writing, account, AccountState.SUSPENDED, by=None)

    def facts(self, kind: str) -> list[dict[str, Any]]:
        """Return what the entries of a kind say, oldest first."""
        with self.world.ledger.reading() as reading:
            bodies = [json.loads(e.body) for e in self.world.ledger.entries(reading, 0)]
        return [body["facts"] for body in bodies if body["kind"] == kind]

    def said(self, kind: str) -> list[Said]:
        """Return the entries of a kind whole, oldest first, with their free text."""
        texts = tables.private_facts.c
        found: list[Said] = []
        with self.world.ledger.reading() as reading:
            rows = reading.connection.execute(
                sa.select(texts.entry_id, texts.subject, texts.payload)
            )
            beside = {row.entry_id: row for row in rows}
            for entry in self.world.ledger.entries(reading, 0):
                body, text = json.loads(entry.body), beside.get(entry.id)
                if body["kind"] == kind:
                    private = json.loads(text.payload) if text else {}
                    about = text.subject if text else None
                    found.append(
                        Said(
                            body["actor"],
                            body["session"],
                            body["facts"],
                            private,
                            about,
                        )
                    )
        return found

    def refusals(self) -> list[tuple[str, str | None]]:
        """Return what was refused, and the id of what it was about."""
        facts = self.facts("action.refused")
        return [(said["action"], said["resource"]) for said in facts]

    def code(self, secret: Secret) -> str:
        """Return what a phone shows now."""
        return totp.code_at(secret, self.world.clock())

    def enrolled(self, actor: Actor, name: str, secret: Secret) -> list[str]:
        """Confirm a begun factor; return its recovery codes."""
        assert actor.account
        code = self.code(secret)
        return self.people.confirm_factor(name, code, source="here")


@contextmanager
def rooms_at(url: str, profile: Profile = Profile.STANDARD) -> Iterator[Rooms]:
    """Give the shells on the database at ``url``."""
    with world_at(url) as world:
        yield _rooms(world, profile)


def grown(rooms: Rooms, profile: Profile) -> Rooms:
    """Return the same room under the rules of another profile."""
    return _rooms(rooms.world, profile)


def _rooms(world: World, profile: Profile) -> Rooms:
    gate = Gate(
        ledger=world.ledger,
        policy=POLICIES[profile],
        terms=TERMS[profile],
        party=PARTY,
        password_cost=QUICK,
    )
    sessions = Sessions(gate, totp_key=KEYS.totp, random=os.urandom)
    approvals = Approvals(gate, random=os.urandom)
    return Rooms(
        world=world,
        gate=gate,
        approvals=approvals,
        sessions=sessions,
        keyring=Keyring(gate, random=os.urandom),
        proving=Proving(gate, sessions, random=os.urandom),
        people=People(gate, approvals, totp_key=KEYS.totp, random=os.urandom),
        erasures=Erasures(gate, approvals),
    )
