"""Permits of three people beside a model of a few lines, on both databases."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
)

from strongroom.access.scales import Scale
from strongroom.errors import DeniedError
from strongroom.permits.holdings import held_by_account
from strongroom.permits.permit import PermitRow
from tests.journeys.rooms import House
from tests.machines.running import run
from tests.permits.openings import Reader

PEOPLE = ("ana", "ben", "cy")
SIZES = {
    "biases": 4096,
    "embeddings": 24576,
    **{f"blocks.{i}.0": 16384 for i in range(4)},
    **{f"blocks.{i}.1": 32768 for i in range(8)},
}

people = st.sampled_from(PEOPLE)
choices = st.sets(st.sampled_from(sorted(SIZES)), min_size=1, max_size=4)
hours = st.integers(1, 3)


@dataclass
class Issued:
    """A permit as the model knows it."""

    row: PermitRow
    name: str
    segments: frozenset[str]
    expires_at: datetime
    revoked: bool = False


@dataclass
class Model:
    """What everybody holds: released for ever, reserved while a permit is good."""

    total: int
    released: dict[str, set[str]] = field(
        default_factory=lambda: {name: set() for name in PEOPLE}
    )
    issued: list[Issued] = field(default_factory=list)

    def cap(self, percent: int) -> int:
        return self.total * percent // 100

    def holds(self, name: str, now: datetime) -> set[str]:
        good = [p for p in self.issued if not p.revoked and now < p.expires_at]
        reserved = [p.segments for p in good if p.name == name]
        return self.released[name].union(*reserved)

    def allows(self, name: str, segments: set[str], now: datetime) -> bool:
        mine = self.holds(name, now) | segments
        others = (self.holds(o, now) for o in PEOPLE if o != name)
        pair = max(size_of(mine | other) for other in others)
        return size_of(mine) <= self.cap(25) and pair <= self.cap(45)


def size_of(segments: set[str]) -> int:
    return sum(SIZES[segment] for segment in segments)


class Permits(RuleBasedStateMachine):
    """Ask, approve, open, open again, revoke and let time pass."""

    house: House
    target: str
    total: int
    permits = Bundle("permits")

    def __init__(self) -> None:
        super().__init__()
        self.model = Model(self.total)

    @rule(target=permits, name=people, segments=choices, lasts=hours)
    def ask(self, name: str, segments: set[str], lasts: int) -> object:
        allowed = self.model.allows(name, segments, self.house.clock.now)
        with contextlib.nullcontext() if allowed else pytest.raises(DeniedError):
            row = self.house.permit(
                name,
                *sorted(segments),
                target=self.target,
                duration=timedelta(hours=lasts),
            )
        if not allowed:
            return multiple()
        expires = self.house.clock.now + timedelta(hours=lasts)
        issued = Issued(row, name, frozenset(segments), expires)
        self.model.issued.append(issued)
        return issued

    @rule(permit=permits, data=st.data())
    def open(self, permit: Issued, data: st.DataObject) -> None:
        wanted = data.draw(
            st.sets(st.sampled_from(sorted(permit.segments)), min_size=1)
        )
        good = not permit.revoked and self.house.clock.now < permit.expires_at
        reader = Reader.of(
            self.house, permit.name, permit.row, segments=tuple(sorted(wanted))
        )
        if not good:
            with pytest.raises(DeniedError):
                reader.release()
            return
        assert reader.keys() == reader.keys()
        self.model.released[permit.name] |= wanted

    @rule(permit=consumes(permits))
    def revoke(self, permit: Issued) -> None:
        self.house.by("tom").revoke(permit.row.id)
        permit.revoked = True

    @rule(lasts=hours)
    def wait(self, lasts: int) -> None:
        self.house.clock.advance(hours=lasts)
        self.house.refresh("ines", "tom", *PEOPLE)

    @invariant()
    def exposure_is_what_the_model_says_and_below_the_caps(self) -> None:
        room = self.house.room.room
        now = self.house.clock.now
        with room.ledger.reading() as reading:
            lineage = room.catalogue.show(self.house.actors["ana"], self.target)
            held = held_by_account(
                reading,
                lineage.artifact.roots[0],
                now=reading.now,
                key=room.public_keys.permit,
            )
        for name in PEOPLE:
            account = self.house.actors[name].account
            mine = held[account].bytes_in(Scale()) if account in held else 0
            assert mine == size_of(self.model.holds(name, now))
            assert mine <= self.model.cap(25)
        everybody = [self.model.holds(name, now) for name in PEOPLE]
        for first in everybody:
            for other in everybody:
                assert size_of(first | other) <= self.model.cap(45)


@pytest.mark.slow
def test_permits_never_exceed_the_caps(house: House, model: Path, on: str) -> None:
    """Examples share one house: each gets a model of its own to ask for."""
    counter = iter(range(1000))

    class Fresh(Permits):
        """The machine, on the house of this test."""

        def __init__(self) -> None:
            house.refresh("olga", "ines", "tom", *PEOPLE)
            self.house, self.target = house, f"llm-{next(counter)}"
            self.total = house.publish(model, self.target).manifest.plain_bytes
            super().__init__()

    run(Fresh, on, examples=8, steps=14)
