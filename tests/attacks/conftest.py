"""The room that the attackers of this folder find."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from strongroom.cli.demo.house import House
from strongroom.cli.demo.story import Story
from tests.attacks.rooms import copy_of, told_until_the_attacks
from tests.journeys.fixtures import clock, quick, solo_room

__all__ = ["clock", "house", "quick", "solo_room", "story"]


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Give the demo's story up to its attacks; nobody may change its room."""
    told = told_until_the_attacks(tmp_path_factory.mktemp("attacks"))
    yield told
    told.close()


@pytest.fixture
def house(story: Story, tmp_path: Path) -> Iterator[House]:
    """Give a healthy copy of the room, for one attacker."""
    with copy_of(story.house, tmp_path / "room") as copied:
        yield copied
