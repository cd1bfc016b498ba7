"""Fixtures of the tests of the ledger."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from strongroom.database import schema
from tests.ledger.world import World, world_at
from tests.postgresql import Server


@pytest.fixture
def world(migrated_url: str) -> Iterator[World]:
    """Give an empty ledger, once on each kind of database."""
    with world_at(migrated_url) as world:
        yield world


@pytest.fixture
def sqlite_world(sqlite_url: str) -> Iterator[World]:
    """Give an empty ledger on SQLite, which checks no types."""
    with world_at(sqlite_url) as world:
        schema.upgrade(world.database)
        yield world


@pytest.fixture
def on_postgresql(
    postgresql_server: Server, postgresql_template: str
) -> Iterator[World]:
    """Give an empty ledger where writers are beside each other."""
    url = postgresql_server.create_database(postgresql_template)
    with world_at(url) as world:
        yield world
    postgresql_server.drop_database(url)
