"""Requests are carried out once, when enough others agreed, and never otherwise."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from strongroom.access import accounts
from strongroom.access.assertions import Assertion
from strongroom.access.request import (
    APPROVALS,
    REQUEST_TTL,
    REQUESTS,
    Request,
    RequestState,
    find_request,
)
from strongroom.access.sessions import Actor
from strongroom.access.teams import ensure_team
from strongroom.access.terms import AdministrationTerms
from strongroom.database import tables
from strongroom.database.times import format_time
from strongroom.errors import (
    ConflictError,
    DeniedError,
    InputError,
    IntegrityError,
    MissingError,
    StrongroomError,
)
from strongroom.ledger.log import Writing
from strongroom.types import Factor, RequestId, Role
from tests.access.rooms import Rooms, Said, rooms_at
from tests.conftest import Databases
from tests.ledger.world import event

TWO = AdministrationTerms(
    approvals=2,
    distinct_teams=2,
    own_team_counts=False,
    second_factor_required=True,
    second_factor_max_age=REQUEST_TTL * 2,
)
NOBODY = replace(TWO, approvals=0, distinct_teams=0)
TEAMS = {"asker": "a", "ann": "a", "bob": "b", "ben": "b", "cy": "c", "dee": "d"}


class House:
    """People of four teams, and an action that counts how often it is done."""

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms
        self.done: list[str] = []
        self.actors: dict[str, Actor] = {
            name: rooms.actor(name, Role.APPROVER, team=team)
            for name, team in TEAMS.items()
        }
        rooms.approvals.executors["test"] = self.carry_out

    def carry_out(self, writing: Writing, request: Request) -> None:
        writing.append(event())
        self.done.append(request.id)

    def ask(
        self,
        terms: AdministrationTerms = TWO,
        *,
        private: dict[str, str] | None = None,
        to_sign: bool = False,
    ) -> str:
        actor = self.actors["asker"]
        ledger = self.rooms.world.ledger
        with ledger.transaction() as writing:
            asker = accounts.find_account(writing, actor.account)
            request = self.rooms.approvals.ask(
                writing,
                actor,
                asker,
                "test",
                {"what": 1},
                terms=terms,
                private=private,
                to_sign=to_sign,
            )
        return request.id

    def move(self, name: str, team: str, role: Role) -> None:
        """Give somebody another team and role, as an agreed request would."""
        with self.rooms.world.ledger.transaction() as writing:
            account = accounts.find_account(writing, self.actors[name].account)
            accounts.change_roles(
                writing,
                account,
                team=ensure_team(writing, team, by=None, random=os.urandom),
                roles=[role],
                request=None,
                by=None,
            )

    def refresh(self) -> None:
        """Let everybody log in again, so that their second factor is fresh."""
        for name, actor in self.actors.items():
            with self.rooms.world.ledger.transaction() as writing:
                account = accounts.find_account(writing, actor.account)
                session, _ = self.rooms.sessions.open(
                    writing, account, Factor.TOTP, writing.now, "test"
                )
            self.actors[name] = Actor(
                account=actor.account,
                session=session.id,
                factor=Factor.TOTP,
                factor_at=session.factor_at,
            )

    def state(self, request: str) -> RequestState:
        with self.rooms.world.ledger.reading() as reading:
            return find_request(reading, request).state


@pytest.fixture
def house(rooms: Rooms) -> House:
    return House(rooms)


def test_the_last_approval_carries_it_out(house: House) -> None:
    request, approvals = house.ask(), house.rooms.approvals

    assert approvals.approve(house.actors["bob"], request).state == "pending"
    assert house.done == []
    assert approvals.approve(house.actors["cy"], request).state == "approved"
    assert house.done == [request]
    with pytest.raises(ConflictError, match="approved already"):
        approvals.approve(house.actors["dee"], request)


def test_what_needs_nobody_is_carried_out_at_once(house: House) -> None:
    assert house.done == [house.ask(NOBODY)]


def test_a_request_that_its_asker_signs_waits_five_minutes(house: House) -> None:
    """What was typed with it stands beside the ledger, where it can be erased."""
    request = house.ask(to_sign=True, private={"purpose": "a fire"})

    with house.rooms.world.ledger.reading() as reading:
        found = find_request(reading, request)
        private = reading.connection.execute(
            sa.select(tables.private_facts.c.payload)
        ).scalars()
        assert '{"purpose":"a fire"}' in list(private)
    assert (found.state, house.done) == ("pending", [])
    assert found.expires_at - found.created_at == timedelta(minutes=5)


def test_a_request_is_recorded_as_it_was_asked_for(house: House) -> None:
    asker = house.actors["asker"]
    request = house.ask(private={"purpose": "a test"})
    with house.rooms.world.ledger.reading() as reading:
        row = find_request(reading, request)

    assert (row.revision, row.asker, row.action) == (1, asker.account, "test")
    assert (row.approvals, row.distinct_teams) == (2, 2)
    assert row.expires_at - row.created_at == timedelta(days=7)
    assert len(bytes.fromhex(json.loads(row.body)["salt"])) == 32
    facts = {
        "request": request,
        "action": "test",
        "digest": row.digest,
        "approvals": 2,
        "teams": 2,
        "expires": format_time(row.expires_at),
    }
    assert house.rooms.said("request.created") == [
        Said(asker.account, asker.session, facts, {"purpose": "a test"}, asker.account)
    ]


def test_nobody_agrees_to_what_waits_for_its_askers_signature(house: House) -> None:
    """ATT&CK T1548: an approver lets an opening past the approvals through."""
    request = house.ask(NOBODY, to_sign=True)

    with pytest.raises(ConflictError, match="waits for its asker's signature"):
        house.rooms.approvals.approve(house.actors["bob"], request)
    assert (house.state(request), house.done) == ("pending", [])


def test_only_whoever_asked_signs_and_only_what_waits_for_that(house: House) -> None:
    """Who it is comes first: a passkey is not even looked at for others."""
    waits, others = house.ask(NOBODY, to_sign=True), house.ask()
    assertion = Assertion(
        credential=b"c", authenticator_data=b"d", client_data=b"e", signature=b"f"
    )

    def sign(name: str, request: str) -> None:
        with house.rooms.world.ledger.transaction() as writing:
            house.rooms.approvals.sign(writing, house.actors[name], request, assertion)

    with pytest.raises(DeniedError, match="only the one who asked signs"):
        sign("bob", waits)
    with pytest.raises(ConflictError, match="waits for others, not for a signature"):
        sign("asker", others)
    with pytest.raises(DeniedError, match="not one of the account's"):
        sign("asker", waits)
    house.rooms.world.clock.pass_(hours=9)
    with pytest.raises(DeniedError, match="the session has ended"):
        sign("asker", waits)
    assert house.done == []


def test_an_approval_is_asked_for_of_whoever_is_logged_in(house: House) -> None:
    request, approvals = house.ask(), house.rooms.approvals
    with pytest.raises(DeniedError, match="the account has no passkey"):
        approvals.begin_approval(house.actors["bob"], request)
    with pytest.raises(MissingError):
        approvals.begin_approval(house.actors["bob"], "request-zzzz")
    house.rooms.world.clock.pass_(hours=9)
    with pytest.raises(DeniedError, match="the session has ended"):
        approvals.begin_approval(house.actors["bob"], request)


def test_an_asker_who_does_not_act_any_more_gets_nothing(house: House) -> None:
    request, approvals = house.ask(), house.rooms.approvals
    approvals.approve(house.actors["bob"], request)
    house.rooms.suspend("asker")

    with pytest.raises(DeniedError, match="asker, who asked, is suspended"):
        approvals.approve(house.actors["cy"], request)
    assert (house.state(request), house.done) == ("pending", [])


def test_what_must_wait_for_the_commit_is_done_after_it_and_once(house: House) -> None:
    states: list[str] = []
    request, approvals = house.ask(), house.rooms.approvals
    approvals.afterwards["test"] = lambda: states.append(house.state(request))
    approvals.approve(house.actors["bob"], request)
    assert states == []
    approvals.approve(house.actors["cy"], request)

    assert states == ["approved"]


def test_entries_say_who_agreed_who_refused_and_who_took_it_back(house: House) -> None:
    approvals, bob, asker = (
        house.rooms.approvals,
        house.actors["bob"],
        house.actors["asker"],
    )
    agreed, refused, unsaid, back = (house.ask() for _ in range(4))
    approvals.approve(bob, agreed)
    approvals.decline(bob, refused, reason="too much")
    approvals.decline(bob, unsaid)
    approvals.withdraw(asker, back)

    with house.rooms.world.ledger.reading() as reading:
        rows = {row.id: row for row in REQUESTS.find(reading)}
        first, *_ = (a for a in APPROVALS.find(reading) if a.request == agreed)
    facts = {
        "request": agreed,
        "approval": first.id,
        "digest": rows[RequestId(agreed)].digest,
        "team": first.team,
        "factor": "totp",
        "valid_until": format_time(rows[RequestId(agreed)].expires_at),
        "assertion": None,
    }
    said = house.rooms.said
    assert said("request.approved") == [Said(bob.account, bob.session, facts, {}, None)]
    no, unsaid_no = (
        {"request": one, "digest": rows[RequestId(one)].digest}
        for one in (refused, unsaid)
    )
    assert said("request.declined") == [
        Said(bob.account, bob.session, no, {"reason": "too much"}, bob.account),
        Said(bob.account, bob.session, unsaid_no, {}, None),
    ]
    taken = Said(asker.account, asker.session, {"request": back}, {}, None)
    assert said("request.withdrawn") == [taken]


def test_a_refusal_names_what_was_wanted(house: House) -> None:
    request, approvals = house.ask(), house.rooms.approvals
    eve = house.rooms.actor("eve", Role.RESEARCHER, team="e")
    for use in (approvals.approve, approvals.decline, approvals.withdraw):
        with pytest.raises(DeniedError):
            use(eve, request)

    names = ("request:approve", "request:decline", "request:withdraw")
    assert house.rooms.refusals() == [(name, request) for name in names]


@pytest.mark.parametrize("name", ["asker", "ann"])
def test_nobody_approves_for_herself_or_her_team(house: House, name: str) -> None:
    request = house.ask()

    with pytest.raises(DeniedError):
        house.rooms.approvals.approve(house.actors[name], request)
    assert house.state(request) == "pending"


def test_two_of_one_team_are_one_team(house: House) -> None:
    request = house.ask()
    for name in ("bob", "ben"):
        house.rooms.approvals.approve(house.actors[name], request)

    assert house.state(request) == "pending"
    house.rooms.approvals.approve(house.actors["dee"], request)
    assert house.done == [request]


@pytest.mark.parametrize("change", ["suspended", "left", "no approver", "other team"])
def test_an_approval_does_not_outlive_the_right_to_give_it(
    house: House, change: str
) -> None:
    """What was approved once counted for ever: a suspended approver's word too."""
    request, approvals = house.ask(), house.rooms.approvals
    approvals.approve(house.actors["bob"], request)
    if change in ("suspended", "left"):
        admin = house.rooms.actor("root", Role.ADMINISTRATOR, team="office")
        house.rooms.people.change_state(admin, "bob", change)
    elif change == "no approver":
        house.move("bob", "b", Role.RESEARCHER)
    else:  # the team at the time of the answer counts
        house.move("bob", "c", Role.APPROVER)

    after = approvals.approve(house.actors["cy"], request)

    assert after.state == ("approved" if change == "other team" else "pending")
    if after.state == "pending":
        assert approvals.approve(house.actors["dee"], request).state == "approved"
    assert house.done == [request]


def test_an_asker_who_moves_to_an_approvers_team_gains_nothing(house: House) -> None:
    request, approvals = house.ask(), house.rooms.approvals
    house.move("asker", "b", Role.RESEARCHER)

    for name in ("bob", "cy"):
        with contextlib.suppress(DeniedError):
            approvals.approve(house.actors[name], request)
    assert house.state(request) == "pending"
    assert approvals.approve(house.actors["dee"], request).state == "approved"


@pytest.mark.parametrize("use", ["approve", "decline", "withdraw"])
def test_an_expired_request_takes_no_answer(house: House, use: str) -> None:
    request = house.ask()
    name = "asker" if use == "withdraw" else "bob"
    house.rooms.world.clock.pass_(seconds=REQUEST_TTL.total_seconds() - 1)
    house.refresh()
    assert house.state(request) == "pending"
    house.rooms.world.clock.pass_(seconds=1)

    with pytest.raises(ConflictError, match="has expired"):
        getattr(house.rooms.approvals, use)(house.actors[name], request)
    assert house.state(request) == "pending"


def test_nobody_withdraws_what_somebody_else_asked_for(house: House) -> None:
    request = house.ask()

    with pytest.raises(DeniedError):
        house.rooms.approvals.withdraw(house.actors["bob"], request)


def test_what_was_declined_or_taken_back_is_over(house: House) -> None:
    approvals, undone = house.rooms.approvals, list[str]()
    approvals.on_refusal["test"] = lambda _, request: undone.append(request.state)

    assert approvals.decline(house.actors["bob"], house.ask()).state == "declined"
    assert approvals.withdraw(house.actors["asker"], house.ask()).state == "withdrawn"
    assert undone == ["declined", "withdrawn"]


def test_a_request_is_named_by_the_start_of_its_id(house: House) -> None:
    request = house.ask()
    with house.rooms.world.ledger.reading() as reading:
        assert find_request(reading, request[:15]).id == request
        assert find_request(reading, request[8:15]).id == request
        for unknown in ("request-zzzz", "%%%%", "____"):
            with pytest.raises(MissingError):
                find_request(reading, unknown)
        for nothing in ("", "%", "request-", request[:11]):
            with pytest.raises(InputError, match="does not say which"):
                find_request(reading, nothing)


def test_a_failing_action_leaves_the_request_pending(house: House) -> None:
    def fail(*_: object) -> None:
        raise ConflictError("the name is taken")

    request = house.ask()
    house.rooms.approvals.approve(house.actors["bob"], request)
    house.rooms.approvals.executors["test"] = fail

    with pytest.raises(ConflictError, match="taken"):
        house.rooms.approvals.approve(house.actors["cy"], request)
    assert house.state(request) == "pending"


def test_several_who_approve_at_once_carry_it_out_once(house: House) -> None:
    request = house.ask()
    failures: list[Exception] = []

    def approve(name: str) -> None:
        try:
            house.rooms.approvals.approve(house.actors[name], request)
        except ConflictError:
            return  # decided already
        except Exception as error:
            failures.append(error)

    names = ["bob", "ben", "cy", "dee"]
    threads = [threading.Thread(target=approve, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert house.done == [request]


# --- whoever administers the database ---------------------------------------


@pytest.mark.parametrize(
    "column", ["body", "digest", "approvals", "asker_team", "state"]
)
def test_an_altered_request_is_refused(house: House, column: str) -> None:
    request = house.ask()
    house.rooms.approvals.approve(house.actors["bob"], request)
    other: Any = 1 if column == "approvals" else "approved"
    house.rooms.world.attack(sa.update(tables.requests).values({column: other}))

    with pytest.raises(IntegrityError):
        house.rooms.approvals.approve(house.actors["cy"], request)
    assert house.done == []


def test_a_body_that_has_another_digest_asks_for_nothing(house: House) -> None:
    request = house.ask()
    with house.rooms.world.ledger.reading() as reading:
        row = REQUESTS.get(reading, request)
    assert row.payload() == {"what": 1}
    for changed in (
        replace(row, body=row.body.replace("1}", "2}")),
        replace(row, action="other"),
        replace(row, asker=house.actors["bob"].account),
        replace(row, digest="00" * 32),
    ):
        with pytest.raises(IntegrityError, match="not what was asked for"):
            changed.payload()


def test_an_approval_of_another_request_does_not_count(house: House) -> None:
    """Moved in the database; its MAC covers the request it is for."""
    one, other = house.ask(), house.ask()
    house.rooms.approvals.approve(house.actors["bob"], one)
    house.rooms.world.attack(sa.update(tables.approvals).values(request=other))

    with pytest.raises(IntegrityError):
        house.rooms.approvals.approve(house.actors["cy"], other)
    assert house.done == []


# --- beside a model ----------------------------------------------------------


class Approving(RuleBasedStateMachine):
    """What the shell does, beside what it should do."""

    databases: Databases

    def __init__(self) -> None:
        super().__init__()
        self.context = rooms_at(self.databases())
        self.house = House(self.context.__enter__())
        self.request = self.house.ask()
        self.votes: set[str] = set()
        self.expected, self.expired, self.carried = "pending", False, 0

    def teardown(self) -> None:
        self.context.__exit__(None, None, None)

    def attempt(self, use: str, name: str) -> bool:
        shell = getattr(self.house.rooms.approvals, use)
        try:
            shell(self.house.actors[name], self.request)
        except StrongroomError:
            return False
        return True

    def may_vote(self, name: str) -> bool:
        open_ = self.expected == "pending" and not self.expired
        return open_ and TEAMS[name] != "a" and name not in self.votes

    @rule(name=st.sampled_from(list(TEAMS)))
    def approve(self, name: str) -> None:
        may = self.may_vote(name)
        assert self.attempt("approve", name) == may
        if may:
            self.votes.add(name)
            if len({TEAMS[voter] for voter in self.votes}) >= 2:
                self.expected, self.carried = "approved", 1

    @rule(name=st.sampled_from(list(TEAMS)))
    def decline(self, name: str) -> None:
        # Saying no takes nothing from anybody: one's own team may do it too.
        may = self.expected == "pending" and not self.expired
        may = may and name not in self.votes
        assert self.attempt("decline", name) == may
        if may:
            self.expected = "declined"

    @rule(name=st.sampled_from(["asker", "bob"]))
    def withdraw(self, name: str) -> None:
        may = self.expected == "pending" and not self.expired and name == "asker"
        assert self.attempt("withdraw", name) == may
        if may:
            self.expected = "withdrawn"

    @precondition(lambda self: not self.expired)
    @rule()
    def wait(self) -> None:
        self.house.rooms.world.clock.pass_(seconds=REQUEST_TTL.total_seconds())
        self.house.refresh()
        self.expired = True

    @invariant()
    def is_what_the_model_says(self) -> None:
        assert self.house.state(self.request) == self.expected
        assert self.house.done == [self.request] * self.carried


@pytest.mark.slow
def test_requests_do_what_their_model_says(new_database: Databases) -> None:
    machine = type("Machine", (Approving,), {"databases": staticmethod(new_database)})

    run_state_machine_as_test(
        machine, settings=settings(max_examples=6, stateful_step_count=12)
    )
