"""Fixtures that give rooms; the ``conftest.py`` beside the tests imports them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, cast

import pytest

from strongroom.client.client import Strongroom
from tests import postgresql
from tests.journeys import rooms
from tests.journeys.rooms import Clock, House
from tests.journeys.templates import HouseTemplate, Template

__all__ = [
    "clock",
    "foreign",
    "house",
    "kind",
    "model",
    "quick",
    "sealed",
    "solo_room",
]

SQLITE = "sqlite+pysqlite:///room.db"
Kind = Literal["sqlite", "postgresql"]
What = Literal["founded", "sealed"]
_SOLO = pytest.StashKey[Template]()
_HOUSES = pytest.StashKey[dict[tuple[Kind, What], HouseTemplate]]()


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
def foreign(quick: Path) -> Path:
    """Give a folder with weights of somebody else."""
    return rooms.write_foreign(quick / "foreign")


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
    with _copied(request, kind, "founded", quick / "house") as house:
        yield house


@pytest.fixture
def sealed(request: pytest.FixtureRequest, quick: Path, kind: Kind) -> Iterator[House]:
    """Give a house with the model of ``model``, published and restricted."""
    with _copied(request, kind, "sealed", quick / "house") as house:
        yield house


@contextmanager
def _copied(
    request: pytest.FixtureRequest, kind: Kind, what: What, folder: Path
) -> Iterator[House]:
    template = _house_template(request, kind, what)
    if kind == "sqlite":
        copy = template.copy(folder, SQLITE)
    else:
        server: postgresql.Server = request.getfixturevalue("postgresql_server")
        url = server.create_database(postgresql.name_of(template.database))
        copy = template.copy(folder, url)
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
    request: pytest.FixtureRequest, kind: Kind, what: What
) -> HouseTemplate:
    """Return the house that copies are made of; made once in a test run."""
    known = request.config.stash.setdefault(_HOUSES, {})
    if (kind, what) not in known:
        factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
        folder = factory.mktemp(what) / "house"
        url = SQLITE
        if kind == "postgresql":
            server: postgresql.Server = request.getfixturevalue("postgresql_server")
            url = server.create_database()
        house = rooms.found_house(folder, url)
        if what == "sealed":
            house.publish(rooms.write_small_model(folder.parent / "model"))
        house.room.close()
        template = HouseTemplate(room=Template.of(folder, url, None), house=house)
        known[kind, what] = template
    return known[kind, what]
