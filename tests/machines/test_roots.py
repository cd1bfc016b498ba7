"""Root keys of a domain: asked for, agreed on, moved to, retired and destroyed."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from strongroom.access.request import REQUEST_TTL, find_request
from strongroom.app.rotating import destroy_former, rotate
from strongroom.client.client import Strongroom
from strongroom.types import Role
from strongroom.vault.roots import ROOT_KEYS
from strongroom.vault.rotation import _place
from tests.app.test_rotating import KilledError, dying, options
from tests.journeys.rooms import House, again
from tests.machines.running import run, works
from tests.vault.test_recovery_wrapping import roots

DOMAIN = "weights"
KEEPER, APPROVER, OUTSIDER = "kim", "ines", "ana"


class Roots(RuleBasedStateMachine):
    """Ask, agree, refuse, rotate, die in between, destroy, and let time pass."""

    house: House
    opened: list[Strongroom]

    def __init__(self) -> None:
        super().__init__()
        self.states: dict[str, str] = {}
        self.request = ""
        self.age: timedelta | None = None  # of a request that is not decided
        self.house.refresh()
        self.reopen()
        self.total = roots(self.room)[self.in_use]

    def teardown(self) -> None:
        if self.waits:
            self.by(KEEPER).withdraw(self.request)
        if "joining" in self.states.values():
            rotate(self.by(KEEPER), options(DOMAIN))
            self.reopen()
        destroy_former(self.by(KEEPER), DOMAIN)

    @property
    def room(self) -> Strongroom:
        return self.opened[0]

    @property
    def in_use(self) -> str:
        return self.room.room.domains[DOMAIN].custodian.root_key_id

    @property
    def waits(self) -> bool:
        return self.age is not None and self.age < REQUEST_TTL

    def by(self, name: str) -> Strongroom:
        return Strongroom(self.room.room, self.house.actors[name])

    def reopen(self) -> None:
        """Open the room as a process does that starts now."""
        for room in self.opened:
            room.close()
        self.opened[:] = [again(self.house.folder, self.house.clock)]

    def move_on(self) -> None:
        """Remember that the successor took over."""
        after = {"leaving": "retired", "joining": "active"}
        self.states = {id_: after.get(s, s) for id_, s in self.states.items()}

    @rule()
    def ask_or_go_on(self) -> None:
        done = rotate(self.by(KEEPER), options(DOMAIN))
        if "joining" in self.states.values():
            assert done.request is None
            self.move_on()
            self.reopen()
            return
        assert done.request is not None
        assert (done.request.id == self.request) or not self.waits
        if not self.waits:
            self.request, self.age = done.request.id, timedelta(0)

    @rule(answer=st.sampled_from(["approve", "decline", "withdraw"]))
    def answer(self, answer: str) -> None:
        if not self.request:
            return
        who = KEEPER if answer == "withdraw" else APPROVER
        act = getattr(self.by(who), answer)
        may = self.waits
        assert may == works(lambda: act(self.request))
        if may:
            self.age = None
        if may and answer == "approve":
            with self.room.room.ledger.reading() as reading:
                asked = find_request(reading, self.request).payload()
            leaving, joining = (
                _place(asked[name]).root_key_id for name in ("leaving", "joining")
            )
            assert leaving == self.in_use
            self.states |= {leaving: "leaving", joining: "joining"}

    @precondition(lambda self: "joining" in self.states.values())
    @rule(commits=st.integers(1, 5))
    def die_while_it_moves(self, commits: int) -> None:
        """Wherever it ends, nothing is lost, and the next one goes on."""
        with suppress(KilledError):
            rotate(dying(self.by(KEEPER), commits), options(DOMAIN))
        self.reopen()
        if self.room.room.upkeep.rotation.under_way(DOMAIN) is None:
            self.move_on()

    @rule()
    def destroy(self) -> None:
        retired = {id_ for id_, state in self.states.items() if state == "retired"}
        gone = destroy_former(self.by(KEEPER), DOMAIN)
        assert {root.id for root, _ in gone} == retired
        assert not any(path.exists() for _, path in gone if path)
        self.states |= dict.fromkeys(retired, "destroyed")

    @rule()
    def be_somebody_else(self) -> None:
        outsider = self.by(OUTSIDER)
        assert not works(lambda: rotate(outsider, options(DOMAIN)))
        assert not works(lambda: destroy_former(outsider, DOMAIN))

    @rule(time=st.sampled_from([timedelta(hours=1), REQUEST_TTL]))
    def wait(self, time: timedelta) -> None:
        self.house.clock.now += time
        self.house.refresh()
        if self.age is not None:
            self.age += time

    @invariant()
    def is_what_the_model_says(self) -> None:
        with self.room.room.ledger.reading() as reading:
            rows = ROOT_KEYS.find(reading, ROOT_KEYS.columns.domain == DOMAIN)
        found = {row.id: str(row.state) for row in rows}
        assert {i: found.get(i) for i in self.states} == self.states
        move = self.room.room.upkeep.rotation.under_way(DOMAIN)
        pair = (move.leaving.state, move.joining.state) if move else ()
        moving = "joining" in self.states.values()
        assert pair == (("leaving", "joining") if moving else ())

    @invariant()
    def everything_opens_under_a_key_that_is_there(self) -> None:
        wraps = Counter(roots(self.room))
        for id_, state in self.states.items():
            whole = state in ("active", "leaving")
            assert wraps[id_] == self.total if whole else wraps[id_] <= self.total
            assert not (wraps[id_] and state in ("retired", "destroyed"))
        assert wraps[self.in_use] == self.total


@pytest.mark.slow
def test_root_keys_do_what_their_model_says(house: House, model: Path, on: str) -> None:
    """Examples share one house; each begins where nothing moves."""
    house.publish(model)
    house.admit(KEEPER, "keys", Role.KEY_HOLDER)
    opened: list[Strongroom] = []

    class Machine(Roots):
        """The machine, in the house of this test."""

        def __init__(self) -> None:
            self.house, self.opened = house, opened
            super().__init__()

    try:
        run(Machine, on, examples=10, steps=12)
    finally:
        for room in opened:
            room.close()
