"""Fixtures that give rooms; the ``conftest.py`` beside the tests imports them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, cast

import pytest

from strongroom.client.client import Strongroom
from tests import postgresql
from tests.journeys import rooms
from tests.journeys.rooms import Clock, House
from tests.journeys.templates import HouseTemplate, Template

__all__ = ["clock", "house", "kind", "model", "quick", "solo_room"]

SQLITE = "sqlite+pysqlite:///room.db"
Kind = Literal["sqlite", "postgresql"]
_SOLO = pytest.StashKey[Template]()
_HOUSES = pytest.StashKey[dict[str, HouseTemplate]]()


@pytest.fixture
def clock() -> Clock:
    """Give a clock that the test moves."""
    return Clock()


@pytest.fixture
def quick() -> Iterator[Path]:
    """Give an empty folder in memory: rooms flush often."""
    with tempfile.TemporaryDirectory(dir=postgresql.quick_folder()) as folder:
        yield Path(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Give the kind of database, once each."""
    return cast("Kind", request.param)


@pytest.fixture
def model(quick: Path) -> Path:
    """Give a folder with a small model."""
    return rooms.write_small_model(quick / "model")


@pytest.fixture
def solo_room(
    request: pytest.FixtureRequest, quick: Path, clock: Clock
) -> Iterator[Strongroom]:
    """Give one person's room, on SQLite."""
    with _solo_template(request).copy(quick / "room", SQLITE, clock) as room:
        yield room


@pytest.fixture
def house(request: pytest.FixtureRequest, quick: Path, kind: Kind) -> Iterator[House]:
    """Give a ``standard`` room with everybody logged in; once on each database."""
    if kind == "sqlite":
        copy = _house_template(request, kind, SQLITE).copy(quick / "house", SQLITE)
    else:
        server: postgresql.Server = request.getfixturevalue("postgresql_server")
        template = _house_template(request, kind, server)
        url = server.create_database(postgresql.name_of(template.database))
        copy = template.copy(quick / "house", url)
    with copy.room:
        yield copy
    if kind == "postgresql":
        server.drop_database(url)


def _solo_template(request: pytest.FixtureRequest) -> Template:
    """Return the room that copies are made of; founded once in a test run."""
    if _SOLO not in request.config.stash:
        factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
        folder = factory.mktemp("founded") / "room"
        with rooms.solo(folder, SQLITE) as room:
            actor = room.actor
        request.config.stash[_SOLO] = Template.of(folder, SQLITE, actor)
    return request.config.stash[_SOLO]


def _house_template(
    request: pytest.FixtureRequest, kind: Kind, place: str | postgresql.Server
) -> HouseTemplate:
    """Return the house that copies are made of; founded once in a test run."""
    known = request.config.stash.setdefault(_HOUSES, {})
    if kind not in known:
        factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
        url = place if isinstance(place, str) else place.create_database()
        folder = factory.mktemp("founded") / "house"
        found = rooms.found_house(folder, url)
        found.room.close()
        known[kind] = HouseTemplate(room=Template.of(folder, url, None), house=found)
    return known[kind]
