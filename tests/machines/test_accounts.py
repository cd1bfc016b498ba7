"""Accounts from joiner to leaver, beside a model."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from strongroom.access.accounts import ACCOUNTS
from strongroom.access.enrolment import ENROLMENT_TTL
from strongroom.access.sessions import SESSIONS, SessionState
from strongroom.types import Secret
from tests.access.rooms import PASSWORD
from tests.conftest import Databases
from tests.machines.running import Office, random_source, run, works

MOVES = {
    ("invited", "left"),
    ("active", "suspended"),
    ("active", "left"),
    ("suspended", "active"),
    ("suspended", "left"),
}
"""What an administrator may do; active for the first time only by enrolling."""


class Accounts(RuleBasedStateMachine):
    """One name: asked for, invited, enrolled, suspended, back, and gone."""

    databases: Databases

    def __init__(self) -> None:
        super().__init__()
        self.office = Office(self.databases())
        self.state = "absent"
        self.id = ""
        self.code = self.former = Secret(b"never issued")
        self.left: timedelta = -ENROLMENT_TTL  # of the newest invitation

    def teardown(self) -> None:
        self.office.close()

    @initialize()
    def begin(self) -> None:
        self.add(agreed=True)
        self.invite()

    @rule(agreed=st.booleans())
    def add(self, agreed: bool) -> None:
        people, approvals = self.office.rooms.people, self.office.rooms.approvals
        request = people.add(self.office.admin, "ana", team="alpha", roles=[])
        if not agreed:
            approvals.decline(self.office.approver, request.id)
            return
        done = works(lambda: approvals.approve(self.office.approver, request.id))
        assert done == (self.state == "absent")  # a name is given once
        if done:
            self.state = "invited"

    @rule()
    def invite(self) -> None:
        def act() -> None:
            self.former = self.code
            self.code = self.office.rooms.people.invite(self.office.admin, "ana")

        assert works(act) == (self.state == "invited")
        if self.state == "invited":
            self.left = ENROLMENT_TTL

    @rule(which=st.sampled_from(["newest", "former", "wrong"]))
    def enrol(self, which: str) -> None:
        code = {"newest": self.code, "former": self.former}.get(which, Secret(b"x"))
        may = (
            self.state == "invited" and which == "newest" and self.left >= timedelta(0)
        )
        assert may == works(
            lambda: self.office.rooms.people.enrol("ana", code, PASSWORD)
        )
        if may:
            self.state = "active"

    @rule(state=st.sampled_from(["invited", "active", "suspended", "left"]))
    def move(self, state: str) -> None:
        may = (self.state, state) in MOVES
        assert may == works(
            lambda: self.office.rooms.people.change_state(
                self.office.admin, "ana", state
            )
        )
        if may:
            self.state = state

    @rule()
    def log_in(self) -> None:
        self.office.forget_attempts()
        sessions = self.office.rooms.sessions
        assert (self.state == "active") == works(
            lambda: sessions.login("ana", PASSWORD, None, source=random_source())
        )

    @rule(hours=st.sampled_from([1, 71, 73]))
    def wait(self, hours: int) -> None:
        self.office.pass_(hours=hours)
        self.left -= timedelta(hours=hours)

    @invariant()
    def is_what_the_model_says(self) -> None:
        with self.office.rooms.world.ledger.reading() as reading:
            found = ACCOUNTS.find(reading, ACCOUNTS.columns.name == "ana")
            assert [a.state for a in found] == [self.state] * (self.state != "absent")
            if not found:
                return
            self.id = self.id or found[0].id
            assert found[0].id == self.id  # whoever comes back is somebody else
            assert found[0].roles == ()
            mine = SESSIONS.find(reading, SESSIONS.columns.account == self.id)
        if self.state != "active":
            assert {s.state for s in mine} <= {SessionState.CLOSED}


@pytest.mark.slow
def test_accounts_do_what_their_model_says(new_database: Databases, on: str) -> None:
    class Machine(Accounts):
        databases = staticmethod(new_database)

    run(Machine, on, examples=8, steps=20)
