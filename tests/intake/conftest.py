"""Rooms for the tests of this folder."""

from tests.journeys.fixtures import clock, foreign, house, kind, model, quick

__all__ = ["clock", "foreign", "house", "kind", "model", "quick"]
