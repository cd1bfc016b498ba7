"""The shells of access over a real ledger, with people who are logged in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from strongroom.access import passwords, totp
from strongroom.access.accounts import (
    ACCOUNTS,
    Account,
    AccountState,
    create_account,
)
from strongroom.access.approvals import Approvals
from strongroom.access.erasure import Erasures
from strongroom.access.gate import Gate
from strongroom.access.people import People
from strongroom.access.policy import Policy
from strongroom.access.sessions import Actor, Sessions
from strongroom.access.teams import ensure_team
from strongroom.access.terms import load_terms
from strongroom.types import AccountKind, Factor, Profile, Role, Secret
from tests.ledger.world import KEYS, World, event, world_at

PASSWORD = Secret(b"correct horse battery")
HASHED = passwords.hash_password(PASSWORD)
POLICIES = {profile: Policy.load(profile) for profile in Profile}
TERMS = {profile: load_terms(profile) for profile in Profile}


@dataclass
class Rooms:
    """Accounts, sessions and requests of one room."""

    world: World
    gate: Gate
    approvals: Approvals
    sessions: Sessions
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
        with self.world.ledger.transaction() as writing:
            session, _ = self.sessions._open(
                writing, account, Factor.TOTP, writing.now, "test"
            )
        return Actor(
            account=account.id,
            session=session.id,
            factor=Factor.TOTP,
            factor_at=session.factor_at,
        )

    def enrolled(self, actor: Actor, name: str, secret: Secret) -> list[str]:
        """Confirm a begun factor; return its recovery codes."""
        assert actor.account
        code = totp.code_at(secret, self.world.clock())
        return self.people.confirm_factor(name, code, source="here")


@contextmanager
def rooms_at(url: str, profile: Profile = Profile.STANDARD) -> Iterator[Rooms]:
    """Give the shells on the database at ``url``."""
    with world_at(url) as world:
        gate = Gate(ledger=world.ledger, policy=POLICIES[profile], terms=TERMS[profile])
        approvals = Approvals(gate, random=os.urandom)
        yield Rooms(
            world=world,
            gate=gate,
            approvals=approvals,
            sessions=Sessions(world.ledger, totp_key=KEYS.totp, random=os.urandom),
            people=People(gate, approvals, totp_key=KEYS.totp, random=os.urandom),
            erasures=Erasures(gate, approvals),
        )
