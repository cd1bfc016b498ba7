"""Second factors: begun, confirmed, used and replaced, beside a model."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from strongroom.access import totp
from strongroom.access.factors import FACTORS
from strongroom.access.sessions import Actor
from strongroom.types import Role, Secret
from tests.access.rooms import PASSWORD
from tests.conftest import Databases
from tests.machines.running import Office, random_source, run, works

FRESH = timedelta(minutes=15)
LASTS = timedelta(hours=8)

drifts = st.sampled_from([-2, -1, -1, 0, 0, 1, 1, 2])


@dataclass
class Phone:
    """A secret as the model knows it.

    Attributes:
        newest: The newest step whose code was taken.
        codes: Recovery codes that were not used.
    """

    secret: Secret
    newest: int = 0
    codes: list[str] = field(default_factory=list)


def step_at(time: datetime) -> int:
    return int(time.timestamp()) // totp.STEP_SECONDS


class Factors(RuleBasedStateMachine):
    """Ana gets phones and replaces them; somebody tries every code she ever had."""

    databases: Databases
    actor: Actor

    def __init__(self) -> None:
        super().__init__()
        self.office = Office(self.databases())
        self.office.rooms.account("ana", Role.RESEARCHER)
        self.begun: list[Phone] = []
        self.active: list[Phone] = []  # one, or none
        self.former: list[Phone] = []
        self.spent = ["abcd-efgh-ijkl-mnop"]

    def teardown(self) -> None:
        self.office.close()

    @property
    def now(self) -> datetime:
        return self.office.rooms.world.clock()

    @initialize()
    def first_login(self) -> None:
        assert self.log_in(None)

    def log_in(self, code: str | None) -> bool:
        self.office.forget_attempts()
        sessions = self.office.rooms.sessions

        def act() -> None:
            _, token = sessions.login("ana", PASSWORD, code, source=random_source())
            self.actor, self.opened = sessions.actor(token), self.now

        return works(act)

    def code_of(self, phone: Phone, drift: int) -> tuple[str, int]:
        """Return what a phone shows whose clock is wrong, and the step of it."""
        at = self.now + timedelta(seconds=drift * totp.STEP_SECONDS)
        return totp.code_at(phone.secret, at), step_at(at)

    @rule(drift=drifts, which=st.integers(0, 9))
    def use(self, drift: int, which: int) -> None:
        phones = [*self.active, *self.active, *self.former, *self.begun]
        if not phones:
            return
        phone = phones[which % len(phones)]
        code, step = self.code_of(phone, drift)
        near = abs(drift) <= totp.WINDOW_STEPS
        right = phone in self.active and near and step > phone.newest
        assert self.log_in(code) == (right or not self.active)
        if right:
            phone.newest = step
            assert self.actor.factor_at == self.now

    @rule(spent=st.booleans())
    def use_recovery_code(self, spent: bool) -> None:
        unused = [code for phone in self.active for code in phone.codes]
        right = bool(unused) and not spent
        code = unused[0] if right else self.spent[-1]
        assert self.log_in(code) == (right or not self.active)
        if right:
            self.active[0].codes.remove(code)
            self.spent.append(code)

    @rule()
    def use_nothing(self) -> None:
        assert self.log_in(None) == (not self.active)

    @rule()
    def begin(self) -> None:
        self.office.rooms.world.clock.pass_(seconds=1)
        proved = self.actor.factor_at
        fresh = proved is not None and self.now - proved <= FRESH
        may = self.now < self.opened + LASTS and (fresh or not self.active)

        def act() -> None:
            secret = self.office.rooms.people.begin_factor(self.actor).secret
            self.begun.append(Phone(secret))

        assert works(act) == may

    @rule(drift=drifts, oldest=st.booleans())
    def confirm(self, drift: int, oldest: bool) -> None:
        known = self.begun or self.active or [Phone(Secret(bytes(20)))]
        phone = known[0 if oldest else -1]
        code, step = self.code_of(phone, drift)
        newest = self.begun[-1:] == [phone]

        def act() -> None:
            self.office.forget_attempts()
            phone.codes = self.office.rooms.people.confirm_factor(
                "ana", code, source=random_source()
            )

        may = newest and abs(drift) <= totp.WINDOW_STEPS
        assert works(act) == may
        if may:
            phone.newest = step
            gone = [*self.active, *self.begun[:-1]]
            self.spent += [code for other in gone for code in other.codes]
            self.former += gone
            self.active, self.begun = [phone], []

    @rule(seconds=st.sampled_from([10, 30, 60, 840, 1000]))
    def wait(self, seconds: int) -> None:
        self.office.pass_(seconds=seconds)

    @invariant()
    def is_what_the_model_says(self) -> None:
        with self.office.rooms.world.ledger.reading() as reading:
            rows = FACTORS.find(reading)
        assert Counter(row.state for row in rows) == +Counter(
            active=len(self.active),
            pending=len(self.begun),
            replaced=len(self.former),
        )
        stored = [r for r in rows if r.state == "active"]
        for row, phone in zip(stored, self.active, strict=True):
            assert row.last_step == phone.newest
            assert len(row.recovery_hashes) == len(phone.codes)


@pytest.mark.slow
def test_factors_do_what_their_model_says(new_database: Databases, on: str) -> None:
    class Machine(Factors):
        databases = staticmethod(new_database)

    run(Machine, on, examples=6, steps=20)
