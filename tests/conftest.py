"""What every test may ask for: databases, and components that must be there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import postgresql

Databases = Callable[[], str]
"""Makes an empty database and returns its SQLAlchemy URL."""


def require(component: str, *, present: bool) -> None:
    """Stop the test when ``component`` is absent: on CI it fails, else it skips."""
    if present:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{component} is absent, and on CI it must be there")
    pytest.skip(f"{component} is absent; ./dev test installs it when it can")


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[postgresql.Server]:
    """Give one PostgreSQL for the tests of this process."""
    programs = postgresql.programs()
    require("postgresql", present=programs is not None)
    assert programs is not None
    with postgresql.running(programs, within=postgresql.quick_folder()) as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql_server: postgresql.Server) -> Iterator[str]:
    """Give the URL of an empty PostgreSQL database."""
    url = postgresql_server.create_database()
    yield url
    postgresql_server.drop_database(url)


@pytest.fixture
def sqlite_url() -> Iterator[str]:
    """Give the URL of a SQLite file that does not exist yet."""
    with tempfile.TemporaryDirectory(dir=postgresql.quick_folder()) as folder:
        yield f"sqlite+pysqlite:///{Path(folder) / 'room.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Give the URL of an empty database, once of each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def new_database(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Give a maker of empty databases, once for each kind.

    For Hypothesis, which wants a new one in each example.
    """
    if request.param == "sqlite":
        yield from _sqlite_databases()
    else:
        yield from _postgresql_databases(request.getfixturevalue("postgresql_server"))


def _sqlite_databases() -> Iterator[Databases]:
    with tempfile.TemporaryDirectory(dir=postgresql.quick_folder()) as folder:
        made: list[str] = []

        def make() -> str:
            made.append(f"sqlite+pysqlite:///{folder}/room-{len(made)}.db")
            return made[-1]

        yield make


def _postgresql_databases(server: postgresql.Server) -> Iterator[Databases]:
    made: list[str] = []

    def make() -> str:
        made.append(server.create_database())
        return made[-1]

    yield make
    for url in made:
        server.drop_database(url)
