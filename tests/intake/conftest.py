"""Rooms for the tests of this folder."""

from tests.journeys.fixtures import clock, house, kind, model, quick

__all__ = ["clock", "house", "kind", "model", "quick"]
