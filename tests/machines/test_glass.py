"""Openings past the approvals: reviewed, overdue, rejected, settled, beside a model."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from strongroom.access.accounts import ACCOUNTS
from strongroom.access.breakglass import Issued, owed_reviews, record_break_glass
from strongroom.access.glass_reviews import GlassReviews
from strongroom.access.sessions import Actor
from strongroom.ledger.log import Writing
from strongroom.types import ArtifactId, PermitId, RequestId, Role, new_id
from tests.conftest import Databases
from tests.machines.running import Office, run, works

NEXT = {
    ("open", "accept"): "accepted",
    ("open", "reject"): "rejected",
    ("rejected", "resume"): "resumed",
}
WHO = {"accept": "ines", "reject": "ines", "resume": "root"}


@dataclass
class Glass:
    """An opening as the model knows it."""

    permit: PermitId
    due: datetime
    state: str = "open"


class Openings(RuleBasedStateMachine):
    """Ana goes past the approvals; everybody says everything about it."""

    databases: Databases

    def __init__(self) -> None:
        super().__init__()
        self.office = Office(self.databases())
        rooms = self.office.rooms
        self.ana = rooms.account("ana", Role.RESEARCHER)
        rooms.account("abe", Role.APPROVER, Role.ADMINISTRATOR)  # of ana's team
        self.reviews = GlassReviews(rooms.gate, revoke=self.revoke)
        self.known: list[Glass] = []
        self.revoked: set[PermitId] = set()

    def teardown(self) -> None:
        self.office.close()

    def revoke(self, _: Writing, __: Actor, permit: PermitId) -> None:
        self.revoked.add(permit)

    @rule()
    def go_past(self) -> None:
        rooms, (permit, request, model) = self.office.rooms, ids()
        terms = rooms.gate.terms.break_glass
        assert terms is not None
        with rooms.world.ledger.transaction() as writing:
            account = ACCOUNTS.get(writing, self.ana.id, lock=True)
            issued = Issued(permit, request, model, writing.now, "00" * 32)
            record_break_glass(writing, account, issued, terms=terms, reason="x")
            self.known.append(Glass(permit, writing.now + terms.review_within))

    @rule(
        which=st.integers(0, 9),
        word=st.sampled_from(sorted(WHO)),
        who=st.sampled_from(["right", "ana", "abe", "other"]),
    )
    def say(self, which: int, word: str, who: str) -> None:
        if not self.known:
            return
        glass = self.known[which % len(self.known)]
        other = {"ines": "root", "root": "ines"}
        name = {"right": WHO[word], "other": other[WHO[word]]}.get(who, who)
        actor = self.office.logged_in(name)
        self.revoked.clear()

        def act() -> None:
            if word == "resume":
                self.reviews.resume(actor, glass.permit, text="settled")
            else:
                accept = word == "accept"
                self.reviews.review(actor, glass.permit, accept=accept, text="seen")

        may = who == "right" and (glass.state, word) in NEXT
        assert works(act) == may
        if may:
            glass.state = NEXT[glass.state, word]
            assert self.revoked == ({glass.permit} if word == "reject" else set())

    @rule(hours=st.sampled_from([1, 12, 24, 25]))
    def wait(self, hours: int) -> None:
        self.office.pass_(hours=hours)

    @invariant()
    def owes_what_the_model_says(self) -> None:
        with self.office.rooms.world.ledger.reading() as reading:
            owed, now = owed_reviews(reading, self.ana, reading.now), reading.now
        late = [g for g in self.known if g.state == "open" and now >= g.due]
        assert owed.overdue == len(late)
        assert owed.rejected == sum(g.state == "rejected" for g in self.known)


def ids() -> tuple[PermitId, RequestId, ArtifactId]:
    """Return ids of what nobody issued: reviews read no permit."""
    made = [new_id(kind, os.urandom) for kind in ("permit", "request", "model")]
    return PermitId(made[0]), RequestId(made[1]), ArtifactId(made[2])


@pytest.mark.slow
def test_openings_do_what_their_model_says(new_database: Databases, on: str) -> None:
    class Machine(Openings):
        databases = staticmethod(new_database)

    run(Machine, on, examples=6, steps=20)
