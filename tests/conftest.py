"""What every test may ask for: databases, and components that must be there."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from strongroom.database import migrating
from strongroom.database.engine import Database
from tests import kms, postgresql, softhsm

Databases = Callable[[], str]
"""Makes a database that has our tables and returns its SQLAlchemy URL."""


def pytest_configure() -> None:
    """Let no test fail because the machine is busy; speed is a benchmark.

    What runs is interrupted as at a terminal, wherever the tests were started from.
    On CI this extends the profile that Hypothesis has for it: the same examples
    in each run.
    """
    slow = [HealthCheck.too_slow]
    settings.register_profile("strongroom", deadline=None, suppress_health_check=slow)
    settings.load_profile("strongroom")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # As a shell starts what runs in the background.  Children would inherit it,
        # and the tests of interrupts wait for what never comes.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what stays until the end.

    It went through all imported modules and collected tests again and again, which
    took 8 % of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


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


@pytest.fixture(scope="session")
def postgresql_template(postgresql_server: postgresql.Server) -> str:
    """Give the name of a database with our tables; a copy takes 15 ms, not 70."""
    url = postgresql_server.create_database()
    _upgrade(url)
    return postgresql.name_of(url)


@pytest.fixture(scope="session")
def sqlite_template() -> Iterator[Path]:
    """Give a SQLite file with our tables; a copy takes 1 ms, not 100."""
    with tempfile.TemporaryDirectory(dir=postgresql.quick_folder()) as folder:
        path = Path(folder) / "room.db"
        _upgrade(f"sqlite+pysqlite:///{path}")
        yield path


@pytest.fixture(scope="session")
def kms_port() -> Iterator[int]:
    """Give the port of moto's KMS, one for all tests of this process."""
    with kms.moto() as port:
        yield port


@pytest.fixture(scope="session")
def hsm() -> Iterator[softhsm.SoftHsm]:
    """Give a place for PKCS#11 tokens."""
    library = softhsm.module()
    require("softhsm2", present=library is not None)
    assert library is not None
    with softhsm.running(library) as place:
        yield place


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
    """Give a maker of databases with our tables, once for each kind.

    Hypothesis wants a new one in each example; ``migrated_url`` gives just one.
    """
    if request.param == "sqlite":
        yield from _sqlite_databases(request.getfixturevalue("sqlite_template"))
        return
    server: postgresql.Server = request.getfixturevalue("postgresql_server")
    template: str = request.getfixturevalue("postgresql_template")
    yield from _postgresql_databases(server, template)


@pytest.fixture
def migrated_url(new_database: Databases) -> str:
    """Give the URL of a database that has our tables, once of each kind."""
    return new_database()


def _sqlite_databases(template: Path) -> Iterator[Databases]:
    with tempfile.TemporaryDirectory(dir=postgresql.quick_folder()) as folder:
        made: list[str] = []

        def make() -> str:
            path = Path(folder) / f"room-{len(made)}.db"
            shutil.copyfile(template, path)
            made.append(f"sqlite+pysqlite:///{path}")
            return made[-1]

        yield make


def _postgresql_databases(
    server: postgresql.Server, template: str
) -> Iterator[Databases]:
    made: list[str] = []

    def make() -> str:
        made.append(server.create_database(template))
        return made[-1]

    yield make
    for url in made:
        server.drop_database(url)


def _upgrade(url: str) -> None:
    database = Database(url)
    migrating.upgrade(database)
    database.close()
