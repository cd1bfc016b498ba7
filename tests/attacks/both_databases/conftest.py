"""The room of the journeys, which these attackers find once on each database."""

from tests.journeys.fixtures import clock, house, kind, model, quick, solo_room

__all__ = ["clock", "house", "kind", "model", "quick", "solo_room"]
