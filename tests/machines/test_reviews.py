"""Access reviews: started, answered, overdue and closed, beside a model."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from strongroom.access.access_reviews import AccessReviews
from strongroom.access.accounts import ACCOUNTS
from strongroom.access.lapses import settle
from strongroom.access.reviews import ITEMS, REVIEWS, ReviewState
from strongroom.access.telling import tell_nobody
from strongroom.types import Role
from tests.conftest import Databases
from tests.machines.running import Office, run, works

ROLES = {
    "root": Role.ADMINISTRATOR,
    "ines": Role.APPROVER,
    "abe": Role.APPROVER,
    "cy": Role.APPROVER,  # each of a team of their own
    "ana": Role.RESEARCHER,
}
ANSWERING = {Role.ADMINISTRATOR, Role.APPROVER}
LEAST_APPROVERS = 2

people = st.sampled_from(sorted(ROLES))


class Reviews(RuleBasedStateMachine):
    """Everybody answers for everybody, or nobody does until it is too late."""

    databases: Databases

    def __init__(self) -> None:
        super().__init__()
        self.office = Office(self.databases())
        rooms = self.office.rooms
        rooms.account("abe", Role.APPROVER, team="alpha")
        rooms.account("cy", Role.APPROVER, team="beta")
        rooms.account("ana", Role.RESEARCHER, team="alpha")
        self.reviews = AccessReviews(
            rooms.gate, models=lambda _: [], tell=tell_nobody, random=os.urandom
        )
        self.roles = dict(ROLES)
        self.answers: dict[str, str] = {}  # of the newest review, by whose role it is
        self.is_open = False
        self.due = self.now

    def teardown(self) -> None:
        self.office.close()

    @property
    def now(self) -> datetime:
        return self.office.rooms.world.clock()

    def approvers(self) -> set[str]:
        return {name for name, role in self.roles.items() if role is Role.APPROVER}

    def is_spared(self, name: str) -> bool:
        """Return whether nobody could give the role back."""
        role = self.roles[name]
        few = len(self.approvers()) <= LEAST_APPROVERS
        return role is Role.ADMINISTRATOR or (role is Role.APPROVER and few)

    @rule(days=st.sampled_from([1, 14]))
    def start(self, days: int) -> None:
        due_in = timedelta(days=days)
        admin, expected = self.office.logged_in("root"), not self.is_open
        assert expected == works(lambda: self.reviews.start(admin, due_in=due_in))
        if expected:
            self.is_open, self.due = True, self.now + due_in
            self.answers = dict.fromkeys(self.roles, "open")

    @rule(name=people, who=people, keep=st.booleans())
    def answer(self, name: str, who: str, keep: bool) -> None:
        actor = self.office.logged_in(who)
        found = [i for i in self.reviews.listed(actor, every=True) if i.name == name]
        if not found:
            return
        item = max(found, key=lambda one: one.review.started_at).item
        may = (
            self.is_open
            and self.now < self.due
            and self.answers.get(name) == "open"
            and who != name
            and self.roles.get(who) in ANSWERING
            and (keep or not self.is_spared(name))
        )
        assert may == works(lambda: self.reviews.answer(actor, item.id, keep=keep))
        if may:
            self.answers[name] = "keep" if keep else "remove"
            if not keep:
                del self.roles[name]

    @rule(days=st.sampled_from([1, 7]))
    def wait(self, days: int) -> None:
        self.office.pass_(days=days)

    @rule()
    def settle(self) -> None:
        is_due = self.is_open and self.now >= self.due
        left = {name for name, answer in self.answers.items() if answer == "open"}
        assert settle(self.office.rooms.world.ledger) == (len(left) if is_due else 0)
        if not is_due:
            return
        self.is_open = False
        spared = {name for name in left if name in self.stored()}
        least = min(LEAST_APPROVERS, len(self.approvers()))
        assert len(self.approvers() - (left - spared)) >= least
        for name in left:
            self.answers[name] = "spared" if name in spared else "lapsed"
        for name in left - spared:
            del self.roles[name]
        assert all(self.is_spared(name) for name in spared)

    def stored(self) -> dict[str, Role]:
        """Return the role of each account that has one."""
        with self.office.rooms.world.ledger.reading() as reading:
            found = ACCOUNTS.find(reading)
        return {account.name: role for account in found for role in account.roles}

    @invariant()
    def is_what_the_model_says(self) -> None:
        assert self.stored() == self.roles
        with self.office.rooms.world.ledger.reading() as reading:
            reviews = REVIEWS.find(reading)
            names = {account.id: account.name for account in ACCOUNTS.find(reading)}
            newest = max(reviews, key=lambda one: one.started_at, default=None)
            items = [i for i in ITEMS.find(reading) if newest and i.review == newest.id]
        assert {names[i.account]: i.answer for i in items} == self.answers
        open_ones = [review for review in reviews if review.state is ReviewState.OPEN]
        assert len(open_ones) == self.is_open


@pytest.mark.slow
def test_reviews_do_what_their_model_says(new_database: Databases, on: str) -> None:
    class Machine(Reviews):
        databases = staticmethod(new_database)

    run(Machine, on, examples=6, steps=20)
