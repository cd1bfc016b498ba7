"""Passkeys: registered, used, copied, suspended and removed, beside a model."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from strongroom.types import PasskeyId, Role
from tests.access.rooms import PARTY, PASSWORD
from tests.authenticator import SoftAuthenticator
from tests.conftest import Databases
from tests.machines.running import Office, random_source, run, works

FEW = 3  # so that each is used, copied and removed
which = st.integers(0, FEW - 1)


@dataclass
class Key:
    """A passkey as the model knows it."""

    name: PasskeyId
    device: SoftAuthenticator
    state: str = "active"


class Passkeys(RuleBasedStateMachine):
    """Ana registers, loses and removes keys; somebody has copies of all of them."""

    databases: Databases

    def __init__(self) -> None:
        super().__init__()
        self.office = Office(self.databases())
        self.office.rooms.account("ana", Role.RESEARCHER)
        self.office.rooms.account("eve", Role.RESEARCHER)
        self.office.rooms.account("dee", Role.ANALYST)
        self.known: list[Key] = []

    def teardown(self) -> None:
        self.office.close()

    @precondition(lambda self: len(self.known) < FEW)
    @rule()
    def add(self) -> None:
        device = SoftAuthenticator()
        added = self.office.rooms.passkey(self.office.logged_in("ana"), device)
        self.known.append(Key(added.name, device))

    @precondition(lambda self: self.known)
    @rule(which=which, copied=st.booleans())
    def log_in(self, which: int, copied: bool) -> None:
        key = self.known[which % len(self.known)]
        (credential,) = key.device.credentials.values()
        credential.count -= copied  # the next one that it shows was shown before
        self.office.forget_attempts()

        def act() -> None:
            proving = self.office.rooms.proving
            asked = proving.begin_login("ana", PASSWORD, source=random_source())
            challenge = key.device.challenge_of(asked.options)
            answer = key.device.sign(
                credential, challenge=challenge, domain=PARTY.domain
            )
            proving.login(asked.challenge, answer)

        assert works(act) == (key.state == "active" and not copied)
        if copied and key.state == "active":
            key.state = "suspended"

    @precondition(lambda self: self.known)
    @rule(which=which, who=st.sampled_from(["ana", "dee", "eve"]))
    def remove(self, which: int, who: str) -> None:
        key, actor = self.known[which % len(self.known)], self.office.logged_in(who)
        may = who != "eve" and key.state != "removed"
        assert may == works(lambda: self.office.rooms.keyring.remove(actor, key.name))
        if may:
            key.state = "removed"

    @invariant()
    def is_what_the_model_says(self) -> None:
        keyring = self.office.rooms.keyring
        stored = {key.name: key for key in keyring.listed(self.office.admin, "ana")}
        assert {k.name: k.state for k in self.known} == {
            name: key.state for name, key in stored.items()
        }
        assert all((k.label == "") == (k.state == "removed") for k in stored.values())
        told = {key.name for _, key in keyring.suspended(self.office.admin)}
        assert told == {key.name for key in self.known if key.state == "suspended"}


@pytest.mark.slow
def test_passkeys_do_what_their_model_says(new_database: Databases, on: str) -> None:
    class Machine(Passkeys):
        databases = staticmethod(new_database)

    run(Machine, on, examples=5, steps=12)
