"""A real ledger on a real database, with a clock that the test sets."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg
import sqlalchemy as sa

from strongroom import canonical
from strongroom.crypto.roomkeys import RoomKeys, new_seeds
from strongroom.database.engine import Database
from strongroom.database.guards import Guards
from strongroom.ledger import sequencer
from strongroom.ledger.events import Encoded, Event
from strongroom.ledger.log import Ledger
from strongroom.types import AccountId, Random

ORIGIN = "strongroom.example/room-7"
START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
KEYS = RoomKeys.from_seeds(new_seeds(lambda count: bytes(count - 1) + b"\x07"))
ANA = AccountId("account-ana")


@dataclass
class Clock:
    """What the time is, until the test says something else."""

    time: datetime = START

    def __call__(self) -> datetime:
        return self.time

    def pass_(self, **units: float) -> None:
        self.time += timedelta(**units)


@dataclass
class World:
    """A ledger, its database and its clock."""

    ledger: Ledger
    clock: Clock = field(default_factory=Clock)

    @property
    def database(self) -> Database:
        return self.ledger.database

    def note(self, name: str = "", project: str = "project-a") -> Encoded:
        """Append the entry of a new project, with a private name if given."""
        private = {"name": name} if name else None
        with self.ledger.transaction() as writing:
            return writing.append(event(facts={"project": project}, private=private))

    def notes(self, count: int) -> None:
        """Append ``count`` entries in one transaction."""
        with self.ledger.transaction() as writing:
            for number in range(count):
                writing.append(event(facts={"project": f"project-{number}"}))

    def size(self) -> int:
        """Return how many entries the newest checkpoint covers."""
        with self.ledger.reading() as reading:
            checkpoint = self.ledger.checkpoint(reading)
            return checkpoint.size if checkpoint else 0

    def attack(self, *statements: str | sa.Executable, **values: object) -> None:
        """Write to the database as its administrator would, past every guard."""
        with self.database.engine.begin() as connection:
            for statement in statements:
                text = sa.text(statement) if isinstance(statement, str) else statement
                connection.execute(text, values)


def event(
    kind: str = "project.created",
    facts: Mapping[str, canonical.Json] | None = None,
    private: Mapping[str, str] | None = None,
) -> Event:
    """Return an event by Ana; of a new project unless said otherwise."""
    facts = facts or {"project": "project-a"}
    return Event(kind=kind, actor=ANA, facts=facts, private=private or {})


@contextmanager
def world_at(
    url: str,
    *,
    clock: Clock | None = None,
    keys: RoomKeys | None = KEYS,
    random: Random = os.urandom,
) -> Iterator[World]:
    """Give a ledger on the database at ``url``; without keys it is locked."""
    clock = clock or Clock()
    ledger = Ledger(
        Database(url),
        origin=ORIGIN,
        key=KEYS.checkpoint.public,
        signer=keys.checkpoint if keys else None,
        guards=Guards(keys.guard if keys else None),
        now=clock,
        random=random,
    )
    try:
        yield World(ledger=ledger, clock=clock)
    finally:
        ledger.database.close()


@contextmanager
def impatient(world: World) -> Iterator[Database]:
    """Give the same PostgreSQL database to somebody who hardly waits for others."""
    database = Database(world.database.url.render_as_string(hide_password=False))
    sa.event.listen(database.engine, "connect", _hardly_wait)
    try:
        yield database
    finally:
        database.close()


def _hardly_wait(connection: psycopg.Connection, _record: object) -> None:
    connection.autocommit = True
    connection.execute("SET lock_timeout = '50ms'")
    connection.autocommit = False


@contextmanager
def another_sequencer(world: World) -> Iterator[None]:
    """Have another server index entries all the while, and never end.

    What the block appends is committed and left without an index, as after a
    crash between the two commits; then its transaction gives up.
    """
    patient = world.ledger.database
    with impatient(world) as database, patient.writing() as holder:
        sequencer.lock(holder)
        world.ledger.database = database
        try:
            yield
        finally:
            world.ledger.database = patient
