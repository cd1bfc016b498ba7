"""Rooms for the tests of this folder."""

from tests.journeys.fixtures import clock, house, kind, model, quick, solo_room

__all__ = ["clock", "house", "kind", "model", "quick", "solo_room"]
