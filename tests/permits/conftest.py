"""Rooms for the tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.fixtures import clock, house, kind, model, quick, solo_room
from tests.journeys.rooms import House

__all__ = ["clock", "house", "kind", "model", "quick", "sealed", "solo_room"]


@pytest.fixture
def sealed(house: House, model: Path) -> House:
    """Give a house with one published, restricted model."""
    house.publish(model)
    return house
