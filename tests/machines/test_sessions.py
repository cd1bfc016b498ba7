"""Sessions from login to their end, beside a model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
)

from strongroom.access.sessions import SESSIONS, Actor
from strongroom.types import Role, Secret
from tests.access.rooms import PASSWORD
from tests.conftest import Databases
from tests.machines.running import Office, random_source, run, works

LASTS = timedelta(hours=8)
PEOPLE = ("ana", "ben")

people = st.sampled_from(PEOPLE)


@dataclass
class Login:
    """A session as the model knows it."""

    name: str
    token: Secret
    actor: Actor
    until: datetime
    closed: bool = False


class Sessions(RuleBasedStateMachine):
    """Log in, act, log out, be suspended and come back, and let time pass."""

    databases: Databases
    logins = Bundle("logins")

    def __init__(self) -> None:
        super().__init__()
        self.office = Office(self.databases())
        for name in PEOPLE:
            self.office.rooms.account(name, Role.RESEARCHER)
        self.active = dict.fromkeys(PEOPLE, True)
        self.known: list[Login] = []

    def teardown(self) -> None:
        self.office.close()

    @property
    def now(self) -> datetime:
        return self.office.rooms.world.clock()

    def counts(self, login: Login) -> bool:
        return not login.closed and self.now < login.until

    @rule(
        target=logins, name=people, password=st.sampled_from([PASSWORD, Secret(b"x")])
    )
    def log_in(self, name: str, password: Secret) -> object:
        sessions, found = self.office.rooms.sessions, []
        self.office.forget_attempts()
        may = self.active[name] and password is PASSWORD
        assert may == works(
            lambda: found.append(
                sessions.login(name, password, None, source=random_source())
            )
        )
        if not may:
            return multiple()
        _, token = found[0]
        self.known.append(Login(name, token, sessions.actor(token), self.now + LASTS))
        return self.known[-1]

    @rule(login=logins)
    def log_out(self, login: Login) -> None:
        # Asked of an actor who was resolved before: twice, or too late, is no error.
        self.office.rooms.sessions.close(login.actor, why="logout")
        login.closed = True

    @rule(login=logins, other=logins)
    def mix(self, login: Login, other: Login) -> None:
        """Somebody acts in one session with what another one proved."""
        mixed = Actor(
            account=login.actor.account,
            session=other.actor.session,
            factor=login.actor.factor,
        )
        may = self.counts(other) and login.name == other.name
        assert may == works(lambda: self.office.rooms.people.everybody(mixed))

    @rule(name=people)
    def suspend(self, name: str) -> None:
        if not self.active[name]:
            return
        self.move(name, "suspended")
        for login in self.known:
            login.closed = login.closed or login.name == name

    @rule(name=people)
    def bring_back(self, name: str) -> None:
        if not self.active[name]:
            self.move(name, "active")  # and what was closed stays closed

    def move(self, name: str, state: str) -> None:
        self.active[name] = state == "active"
        self.office.rooms.people.change_state(self.office.admin, name, state)

    @rule(hours=st.sampled_from([0.1, 3, 7.9, 8]))
    def wait(self, hours: float) -> None:
        self.office.pass_(hours=hours)

    @invariant()
    def a_token_and_whoever_was_resolved_by_it_count_alike(self) -> None:
        rooms = self.office.rooms
        for login in self.known:
            may = self.counts(login)
            assert may == works(partial(rooms.sessions.actor, login.token))
            assert may == works(partial(rooms.people.everybody, login.actor))

    @invariant()
    def nothing_else_is_open(self) -> None:
        with self.office.rooms.world.ledger.reading() as reading:
            rows = SESSIONS.find(reading, SESSIONS.columns.state == "open")
        known = {login.actor.session for login in self.known if not login.closed}
        people = {login.actor.account for login in self.known}
        assert {row.id for row in rows if row.account in people} == known


@pytest.mark.slow
def test_sessions_do_what_their_model_says(new_database: Databases, on: str) -> None:
    class Machine(Sessions):
        databases = staticmethod(new_database)

    run(Machine, on, examples=6, steps=12)
