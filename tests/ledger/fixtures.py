"""Fixtures that give ledgers; the ``conftest.py`` beside the tests imports them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ledger.world import World, world_at

__all__ = ["sqlite_world", "world"]


@pytest.fixture
def world(migrated_url: str) -> Iterator[World]:
    """Give an empty ledger, once on each kind of database."""
    with world_at(migrated_url) as world:
        yield world


@pytest.fixture
def sqlite_world(sqlite_url: str, sqlite_template: Path) -> Iterator[World]:
    """Give an empty ledger on SQLite, which checks no types."""
    with world_at(sqlite_url) as world:
        path = world.database.url.database
        assert path is not None
        shutil.copyfile(sqlite_template, path)
        yield world
