"""A room in which everything can be done next, and as many copies as lives need."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from strongroom.app.witnesses import add_witness
from strongroom.cli.demo.copies import copy_database
from strongroom.cli.demo.house import Clock, House, Person, build_house
from strongroom.ledger.witness_folder import WitnessFolder
from strongroom.ledger.witness_service import watch
from strongroom.settings import FILE_NAME, load_settings
from strongroom.types import Role, Secret
from tests import postgresql
from tests.attacks.rooms import small_model

_LONG = timedelta(days=1)
KEY_HOLDER = "kim"
WITNESS = "audit.example/w1"
WHO = ("mia", "rosa", "noor", "lena", "sam", "ada", KEY_HOLDER)


@dataclass(slots=True, kw_only=True)
class Base:
    """The room that is copied for each life.

    Attributes:
        house: Its people; its own room is closed.
        until: The time in the house when everything was ready; each copy goes on
            from there.
        facts: Ids that acts need, by name.
        server: Where the databases are; ``None`` for SQLite files.
        url: Of the database that is copied.
    """

    house: House
    until: datetime
    facts: dict[str, str]
    server: postgresql.Server | None
    url: str | None

    @contextmanager
    def copy(self, folder: Path) -> Iterator[tuple[House, dict[str, str]]]:
        """Give the house around a copy of its room, as it was left, and all facts.

        Args:
            folder: New; gets the room, the witness and the model's folder name.
        """
        room = folder / "room"
        shutil.copytree(self.house.folder, room, ignore=_no_database, copy_function=_as)
        shutil.copytree(self.house.folder.parent / "witness", folder / "witness")
        urls: list[str] = []
        facts = dict(self.facts)
        if self.server is None:
            copy_database(self.house.folder / "room.db", room / "room.db")
        else:
            urls.append(self.server.create_database(postgresql.name_of(str(self.url))))
            _use_database(room, urls[0])
            urls.append(self.server.create_database())
            facts["empty"] = urls[1]
        clock = Clock(self.until - datetime.now(UTC))
        # However long it takes, nobody logs in anew: each opening would with one code.
        people = {
            name: replace(p, since=self.until + _LONG)
            for name, p in self.house.people.items()
        }
        try:
            yield House(room, self.house.room, people, clock), facts
        finally:
            if self.server is not None:
                for url in urls:
                    self.server.drop_database(url)
            shutil.rmtree(folder, ignore_errors=True)

    def ticket(self, house: House) -> str:
        """Return what another process needs to act in a copy."""
        tokens = {
            name: (house.people[name].token or Secret(b"")).reveal().decode()
            for name in WHO
        }
        return json.dumps(
            {
                "folder": str(house.folder),
                "offset": house.clock.offset.total_seconds(),
                "tokens": tokens,
            }
        )


def built_base(
    folder: Path,
    prepare: Callable[[House, Path], dict[str, str]],
    *,
    server: postgresql.Server | None,
) -> Base:
    """Build the room with its people and a witness, and close it.

    Args:
        folder: Empty.
        prepare: Is given the house and the folder of a small model; returns facts.
        server: Of a PostgreSQL database; a SQLite file if ``None``.
    """
    url = server.create_database() if server else None
    house = build_house(
        folder / "room", Clock(), database=url or "sqlite+pysqlite:///room.db"
    )
    _join(house, KEY_HOLDER, "custody", Role.KEY_HOLDER)
    source = small_model(folder / "model")
    facts = {"source": str(source)} | prepare(house, source)
    _add_witness(house, folder / "witness")
    for name in WHO:
        house.people[name].since = None  # a login that lasts through every act
        house.acting_as(name)
    base = Base(house=house, until=house.clock(), facts=facts, server=server, url=url)
    house.room.close()
    return base


def _join(house: House, name: str, team: str, *roles: Role) -> None:
    """Let one more person join, with an administrator, an approver and a phone."""
    password = Secret(f"{name} and a long sentence".encode())
    person = Person(name=name, team=team, roles=roles, password=password)
    people = house.room.room.people
    request = people.add(house.acting_as("ada").actor, name, team=team, roles=roles)
    house.acting_as("lena").approve(request.id)
    invitation = people.invite(house.acting_as("ada").actor, name)
    person.secret = people.enrol(name, invitation, password).secret
    house.people[name] = person
    people.confirm_factor(name, house.code_of(name), source="a campaign")


def _add_witness(house: House, folder: Path) -> None:
    made = WitnessFolder.create(
        folder, name=WITNESS, passphrase=None, random=os.urandom
    )
    watch(made, house.room.room.ledger.verifier, None)
    add_witness(
        load_settings(house.folder),
        house.room.room.ledger,
        made.key(),
        name="audit",
        socket=None,  # asked by hand, in each copy
        needed=1,
        releases_wait=False,
    )


def _no_database(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name.startswith("room.db")]


def _as(source: str, target: str) -> str:
    """Link what nobody changes in place; copy the rest."""
    if "/stores/" in source:
        os.link(source, target)
        return target
    return str(shutil.copy2(source, target))


def _use_database(room: Path, url: str) -> None:
    settings = replace(load_settings(room), database=url)
    (room / FILE_NAME).write_text(settings.to_toml())
