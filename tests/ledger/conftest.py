"""Fixtures of the tests of the ledger."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ledger.fixtures import sqlite_world, world
from tests.ledger.world import World, world_at
from tests.postgresql import Server

__all__ = ["on_postgresql", "sqlite_world", "world"]


@pytest.fixture
def on_postgresql(
    postgresql_server: Server, postgresql_template: str
) -> Iterator[World]:
    """Give an empty ledger where writers are beside each other."""
    url = postgresql_server.create_database(postgresql_template)
    with world_at(url) as world:
        yield world
    postgresql_server.drop_database(url)
