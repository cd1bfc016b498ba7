"""What the machines run on."""

from __future__ import annotations

import pytest

from tests.journeys.fixtures import house, kind, model, quick

__all__ = ["house", "kind", "model", "on", "quick"]


@pytest.fixture
def on(request: pytest.FixtureRequest) -> str:
    """Give the kind of database that a test got, by whichever fixture."""
    kinds: dict[str, str] = request.node.callspec.params
    return kinds.get("kind") or kinds["new_database"]
