"""Fixtures of the tests of access."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from tests.access.rooms import Rooms, rooms_at


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A house's own copy of the policy files."""
    packaged = resources.files("strongroom.access") / "policies"
    with resources.as_file(packaged) as source:
        shutil.copytree(source, tmp_path / "policies")
    return tmp_path / "policies"


@pytest.fixture
def rooms(migrated_url: str) -> Iterator[Rooms]:
    """Give a standard room without anybody, once on each kind of database."""
    with rooms_at(migrated_url) as rooms:
        yield rooms
