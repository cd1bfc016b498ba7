"""Rooms that are made once and copied for every test that wants one.

Making a room of seven people takes a second, copying it 0.02 s.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from strongroom.access.sessions import Actor
from strongroom.app.adapters import open_store
from strongroom.app.wiring import build
from strongroom.client.client import Strongroom
from strongroom.crypto.custody.file import FileCustodian
from strongroom.crypto.custody_file import read_custody_file, unlock
from strongroom.crypto.roomkeys import RoomKeys
from strongroom.settings import load_settings
from strongroom.types import Secret
from strongroom.vault.seals import CustodyDomain
from tests.journeys.rooms import PASSPHRASE, QUICK, Clock, House, again


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A room that is closed, to be copied.

    A copy is built from the keys that were unlocked once.  Opening it would spend
    0.1 s on passphrases and on checking what nobody has touched yet; the tests of
    opening do that, with ``again``.
    """

    folder: Path
    database: str
    keys: RoomKeys
    roots: Mapping[str, Secret]
    actor: Actor | None

    @classmethod
    def of(cls, folder: Path, database: str, actor: Actor | None) -> Template:
        """Return the room in ``folder``, closed, after a first opening."""
        with again(folder) as room:
            settings, keys = room.room.settings, room.room.keys
        roots = {}
        for domain in settings.domains:
            file = read_custody_file(folder / "custodians" / domain.name)
            roots[domain.name] = unlock(file, PASSPHRASE)
        return cls(
            folder=folder, database=database, keys=keys, roots=roots, actor=actor
        )

    def copy(self, folder: Path, database: str, clock: Clock) -> Strongroom:
        """Return a room of its own in ``folder`` on ``database``, opened."""
        shutil.copytree(self.folder, folder)
        path = folder / "room.toml"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(self.database, database), encoding="utf-8")
        settings = load_settings(folder)
        domains = {}
        for domain in settings.domains:
            file = folder / "custodians" / domain.name
            domains[domain.name] = CustodyDomain(
                name=domain.name,
                custodian=FileCustodian(
                    file,
                    read_custody_file(file),
                    self.roots[domain.name],
                    random=os.urandom,
                ),
                store=open_store(settings, domain),
            )
        room = build(
            settings,
            domains,
            self.keys,
            password_cost=QUICK,
            now=clock,
            random=os.urandom,
        )
        return Strongroom(room, self.actor)


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseTemplate:
    """A house whose room is closed, to be copied."""

    room: Template
    house: House

    @property
    def database(self) -> str:
        return self.room.database

    def copy(self, folder: Path, database: str) -> House:
        """Return a house of its own in ``folder`` on ``database``."""
        clock = Clock(self.house.clock.now)
        return House(
            folder=folder,
            room=self.room.copy(folder, database, clock),
            clock=clock,
            actors=dict(self.house.actors),
            secrets=dict(self.house.secrets),
        )
