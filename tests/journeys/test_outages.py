"""PostgreSQL is killed in the middle of sealing, approving and opening.

At each chosen statement of the act the server and everything it started get
SIGKILL, as in a crash of its machine.  All acts happen in one house, one after
another, so that what one crash left is there when the next one comes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.access.request import REQUESTS, RequestState
from strongroom.errors import ConflictError, UnavailableError
from strongroom.ledger.log import Reading
from strongroom.permits.exposures import Exposures
from strongroom.permits.permit import PERMITS
from strongroom.vault.versions import VersionState
from tests import postgresql
from tests.conftest import require
from tests.journeys.rooms import House, found_house, write_small_model
from tests.postgresql import Server

SPREAD = 5
"""Moments of one act at which the server is killed, besides at its commits."""

SEGMENTS = [f"blocks.{number}.0" for number in range(4)] + ["embeddings", "head"]


@dataclass
class Crash:
    """Counts what is sent to the database, and kills the server at one of it."""

    server: Server
    at: int | None = None
    sent: int = 0
    commits: list[int] = field(default_factory=list)

    def statement(self, *_: object) -> None:
        if self.sent == self.at:
            self.server.kill()
        self.sent += 1

    def commit(self, *_: object) -> None:
        self.commits.append(self.sent)
        self.statement()

    @property
    def moments(self) -> list[int]:
        """Where to kill next time: here and there, and around every commit."""
        spread = {self.sent * part // SPREAD for part in range(SPREAD)}
        around = {at + after for at in self.commits for after in (0, 1)}
        return sorted(at for at in spread | around if at < self.sent)


@dataclass
class Promised:
    """What somebody was told, and must find again."""

    sealed: list[int] = field(default_factory=list)
    approved: list[str] = field(default_factory=list)
    opened: dict[str, int] = field(default_factory=dict)


@dataclass
class Scene:
    """One house, its server, a model in it, and what was promised there."""

    server: Server
    house: House
    source: Path
    promised: Promised = field(default_factory=Promised)

    def seal(self) -> None:
        sealed = self.house.publish(self.source, classification="internal")
        self.promised.sealed.append(sealed.version.number)

    def ask(self) -> str:
        """Return a request that one approval turns into a permit."""
        asked = self.house.by("ana").request("llm", purpose="a test")
        return asked.request.id

    def approve(self, request: str) -> None:
        self.house.by("ines").approve(request)
        self.promised.approved.append(request)

    def open(self, permit: str, segment: str) -> None:
        with self.house.by("ana").open(permit, segments=[segment]) as opened:
            size = opened.check()
        self.promised.opened[segment] = size


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    programs = postgresql.programs()
    require("postgresql", present=programs is not None)
    assert programs is not None
    folder = tmp_path_factory.mktemp("outages")
    with postgresql.running(programs, within=postgresql.quick_folder()) as server:
        house = found_house(folder / "house", server.create_database())
        scene = Scene(server, house, write_small_model(folder / "model"))
        with house.room:
            scene.seal()
            yield scene


@contextmanager
def watched(scene: Scene, crash: Crash) -> Iterator[None]:
    """Tell ``crash`` of everything that is sent to the database."""
    engine = scene.house.room.room.ledger.database.engine
    listeners = {"before_cursor_execute": crash.statement, "commit": crash.commit}
    for event, listener in listeners.items():
        sa.event.listen(engine, event, listener)
    try:
        yield
    finally:
        for event, listener in listeners.items():
            sa.event.remove(engine, event, listener)


def moments(scene: Scene, act: Callable[[], object]) -> list[int]:
    """Do it once in peace; return at which of its statements to kill."""
    crash = Crash(scene.server)
    with watched(scene, crash):
        act()
    return crash.moments


def refusal(act: Callable[[], object]) -> UnavailableError | None:
    """Do it; return what it was refused with when the database was gone."""
    try:
        act()
    except UnavailableError as error:
        return error
    return None


def crash_at(scene: Scene, moment: int, act: Callable[[], object]) -> None:
    """Kill the server in the middle of ``act``, and start it again."""
    crash = Crash(scene.server, at=moment)
    with watched(scene, crash):
        refused = refusal(act)
    if refused is None:
        assert crash.sent <= moment  # it was done with fewer statements
        return
    assert str(refused).startswith("the database did not answer: ")
    assert refused.hint
    scene.server.start()
    scene.house.refresh("root", "olga", "ines", "tom", "ana")
    assert problems(scene) == []


def problems(scene: Scene) -> list[str]:
    """Return everything that is lost, or half there."""
    house, promised = scene.house, scene.promised
    room, root = house.room.room, house.actors["root"]
    found = [str(finding) for finding in house.by("ines").records.verify().findings]
    versions = {v.number: v.state for v in room.catalogue.versions(root, "llm")}
    published = [n for n, s in versions.items() if s is VersionState.PUBLISHED]
    found += [f"{n} was sealed" for n in {*promised.sealed} - {*published}]
    for number in published[-1:]:  # raises if it is not whole
        room.catalogue.verify(root, f"llm@{number}", progress=lambda _: None)
    with room.ledger.reading() as reading:
        permitted = {permit.request for permit in PERMITS.find(reading)}
        approved = _approved(reading)
    found += [f"{r} was approved" for r in {*promised.approved} - permitted]
    found += [f"{r} is half carried out" for r in permitted ^ approved]
    report = Exposures(room.gate, room.keys).report(house.actors["ines"], "llm")
    held = {holder.name: holder.released for holder in report.holders}
    least = sum(promised.opened.values())
    if held.get("ana", 0) < least:
        found.append(f"ana opened {least} bytes and is charged {held.get('ana', 0)}")
    return found


def _approved(reading: Reading) -> set[str]:
    return {
        request.id
        for request in REQUESTS.find(reading)
        if (request.action, request.state) == ("segment:release", RequestState.APPROVED)
    }


@pytest.mark.slow
def test_a_seal_that_a_crash_interrupts_loses_nothing(scene: Scene) -> None:
    for moment in moments(scene, scene.seal):
        crash_at(scene, moment, scene.seal)
    scene.seal()
    assert problems(scene) == []


@pytest.mark.slow
def test_an_approval_that_a_crash_interrupts_is_whole_or_not_there(
    scene: Scene,
) -> None:
    first = scene.ask()
    for moment in moments(scene, partial(scene.approve, first)):
        request = scene.ask()
        crash_at(scene, moment, partial(scene.approve, request))
        with scene.house.room.room.ledger.reading() as reading:
            done = request in _approved(reading)
        if done:  # committed, and only the answer was lost
            with pytest.raises(ConflictError, match="approved already"):
                scene.approve(request)
        else:
            scene.approve(request)
    assert problems(scene) == []


@pytest.mark.slow
def test_an_opening_that_a_crash_interrupts_is_charged_if_keys_left(
    scene: Scene,
) -> None:
    request = scene.ask()
    scene.approve(request)
    segments = itertools.cycle(SEGMENTS)
    for moment in moments(scene, lambda: scene.open(request, next(segments))):
        segment = next(segments)
        crash_at(scene, moment, partial(scene.open, request, segment))
        scene.open(request, segment)
    assert problems(scene) == []
