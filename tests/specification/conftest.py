"""Fixtures that the tests of the specification share."""

from tests.journeys.fixtures import model, quick

__all__ = ["model", "quick"]
