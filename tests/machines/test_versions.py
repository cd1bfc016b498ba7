"""Versions from sealing to published or abandoned, and the references to them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from strongroom.access.request import REQUEST_TTL
from strongroom.types import Classification
from strongroom.vault import drafts
from strongroom.vault.garbage import ABANDONED_AFTER
from strongroom.vault.reserving import reserve
from strongroom.vault.sources import scan
from strongroom.vault.vault import Sealed
from strongroom.vault.versions import find_version
from tests.journeys.rooms import House
from tests.machines.running import once, run, works

SEALER, APPROVER = "olga", "ines"
POINTERS = ("main", "prod")
DAY = timedelta(hours=25)

numbers = st.integers(1, 6)


class StopNow(BaseException):  # like KeyboardInterrupt, on command
    """Ctrl-C, at a moment of the test's choosing."""


@dataclass(eq=False)
class Known:
    """A version as the model knows it.

    Attributes:
        first: Whether it has no parent, so that others have to agree.
        age: Since its seal began.
        sealed: What its seal returned, if it ended well.
        honest: What an object held before it was spoilt.
    """

    first: bool
    state: str = "sealing"
    age: timedelta = timedelta(0)
    sealed: Sealed | None = None
    honest: tuple[Path, bytes] | None = None

    @property
    def waits(self) -> bool:
        """Whether somebody can still agree to it."""
        return self.state == "pending" and self.age < REQUEST_TTL


class Versions(RuleBasedStateMachine):
    """Seal, be interrupted, agree, decline, move references, and let time pass."""

    house: House
    source: Path
    name: str

    def __init__(self) -> None:
        super().__init__()
        self.known: list[Known] = []
        self.means: dict[str, int] = {}
        self.house.refresh()

    def teardown(self) -> None:
        for number in range(1, len(self.known) + 1):
            self.mend(number)

    @property
    def name_is_taken(self) -> bool:
        return not self.means and any(v.first and v.waits for v in self.known)

    def version(self, number: int) -> Known:
        known = dict(enumerate(self.known, 1))
        return known.get(number, Known(first=False, state="absent"))

    def begin(self) -> Known:
        self.known.append(Known(first="main" not in self.means))
        return self.known[-1]

    def seal(self, progress: Callable[[int], None] = lambda _: None) -> Sealed:
        return self.house.by(SEALER).seal(
            self.source,
            name=self.name,
            classification=Classification.INTERNAL,
            progress=progress,
        )

    def note(self, version: Known, sealed: Sealed) -> None:
        """Remember a seal that ended well."""
        assert sealed.version.number == self.known.index(version) + 1
        version.sealed = sealed
        version.state = "pending" if version.first else "published"
        if not version.first:
            self.means["main"] = sealed.version.number

    @rule()
    def seal_one(self) -> None:
        found: list[Sealed] = []
        may = not self.name_is_taken
        assert may == works(lambda: found.append(self.seal()))
        if may:
            self.note(self.begin(), found[0])

    @precondition(lambda self: not self.name_is_taken)
    @rule()
    def seal_two_at_once(self) -> None:
        """The second begins and ends while the first one runs."""
        versions, seals = [self.begin()], []

        def meanwhile() -> None:
            versions.append(self.begin())
            seals.append(self.seal())

        seals.append(self.seal(once(meanwhile)))
        self.note(versions[1], seals[0])
        self.note(versions[0], seals[1])

    @precondition(lambda self: not self.name_is_taken)
    @rule()
    def be_interrupted(self) -> None:
        def interrupt(_: int) -> None:
            raise StopNow

        with pytest.raises(StopNow):
            self.seal(interrupt)
        self.begin().state = "abandoned"

    @precondition(lambda self: not self.name_is_taken)
    @rule()
    def die(self) -> None:
        """A process reserves a number and is never seen again."""
        room = self.house.room.room
        options = drafts.SealOptions(
            name=self.name, classification=Classification.INTERNAL
        )
        plan = drafts.plan_of(options, scan(self.source))
        with room.ledger.transaction() as writing:
            draft = drafts.resolve(
                writing, options, room.gate.terms, room.keys.coordinate
            )
            reserve(writing, self.house.actors[SEALER], draft, plan)
        self.begin()

    @precondition(lambda self: not self.name_is_taken)
    @rule()
    def take_a_day(self) -> None:
        """A seal is given up while it runs, and finds out at its end."""
        slow: list[Known] = []

        def sleep() -> None:
            slow.append(self.begin())
            self.wait(DAY)
            self.clean()

        assert not works(lambda: self.seal(once(sleep)))
        assert slow[0].state == "abandoned"

    @rule()
    def clean(self) -> None:
        self.house.by(SEALER).clean()
        for version in self.known:
            if version.state == "sealing" and version.age > ABANDONED_AFTER:
                version.state = "abandoned"

    @rule(number=numbers, answer=st.sampled_from(["approve", "decline", "withdraw"]))
    def answer(self, number: int, answer: str) -> None:
        version = self.version(number)
        if version.sealed is None or version.sealed.request is None:
            return
        who = SEALER if answer == "withdraw" else APPROVER
        act = getattr(self.house.by(who), answer)
        request = version.sealed.request.id
        begun = any(v.first and v.state == "published" for v in self.known)
        may = version.waits and not (answer == "approve" and begun)
        assert may == works(lambda: act(request))
        if may:
            version.state = "published" if answer == "approve" else "abandoned"
        if may and answer == "approve":
            self.means["main"] = number

    @rule(number=numbers, pointer=st.sampled_from(POINTERS))
    def move(self, number: int, pointer: str) -> None:
        version = self.version(number)
        whole = pointer == "main" or version.honest is None
        may = version.state == "published" and whole
        catalogue = self.house.room.room.catalogue
        target = f"{self.name}@{number}"
        assert may == works(
            lambda: catalogue.point(self.house.actors[SEALER], target, pointer)
        )
        if may:
            self.means[pointer] = number

    @rule(number=numbers)
    def spoil(self, number: int) -> None:
        version = self.version(number)
        if version.sealed is None or version.honest is not None:
            return
        for segment in version.sealed.manifest.segments[-1:]:
            store = self.house.folder / "stores" / segment.domain
            path = store / segment.facts.object_name
            version.honest = path, path.read_bytes()
            path.chmod(0o600)
            path.write_bytes(path.read_bytes()[:-1] + b"\x00\x01")

    @rule(number=numbers)
    def mend(self, number: int) -> None:
        version = self.version(number)
        if version.honest is not None:
            path, honest = version.honest
            path.write_bytes(honest)
            version.honest = None

    @rule(time=st.sampled_from([timedelta(hours=1), DAY, REQUEST_TTL]))
    def wait(self, time: timedelta) -> None:
        self.house.clock.now += time
        self.house.refresh()
        for version in self.known:
            version.age += time

    @invariant()
    def is_what_the_model_says(self) -> None:
        for number in range(1, len(self.known) + 2):
            published = self.version(number).state == "published"
            assert self.named(f"@{number}") == [number] * published
        for pointer in POINTERS:
            meant = [n for p, n in self.means.items() if p == pointer]
            assert self.named(f"@{pointer}") == meant
        catalogue = self.house.room.room.catalogue
        if self.known:
            rows = catalogue.versions(self.house.actors[SEALER], self.name)
            assert [str(row.state) for row in rows] == [v.state for v in self.known]

    def named(self, version: str) -> list[int]:
        """Return the number that somebody who asks for this gets, if any."""
        found: list[int] = []

        def look() -> None:
            with self.house.room.room.ledger.reading() as reading:
                found.append(find_version(reading, f"{self.name}{version}")[1].number)

        works(look)
        return found


@pytest.mark.slow
def test_versions_do_what_their_model_says(house: House, quick: Path, on: str) -> None:
    """Examples share one house; each seals under a name of its own."""
    source = quick / "source"
    source.mkdir()
    (source / "config.json").write_bytes(b"{}")
    names = (f"llm-{number}" for number in itertools.count())

    class Machine(Versions):
        """The machine, in the house of this test."""

        def __init__(self) -> None:
            self.house, self.source, self.name = house, source, next(names)
            super().__init__()

    run(Machine, on, examples=20, steps=15)
