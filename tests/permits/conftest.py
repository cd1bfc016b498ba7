"""Rooms for the tests of this folder."""

from tests.journeys.fixtures import (
    clock,
    house,
    kind,
    model,
    quick,
    sealed,
    solo_room,
)

__all__ = ["clock", "house", "kind", "model", "quick", "sealed", "solo_room"]
