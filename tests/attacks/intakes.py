"""A house of seven people into which a model came from outside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from strongroom.access.request import Request
from strongroom.client.intake import Added
from strongroom.errors import (
    ConflictError,
    IntegrityError,
    MissingError,
    StrongroomError,
)
from strongroom.intake.intakes import Intake
from strongroom.vault.versions import VERSIONS, Version
from tests.intake.rooms import add, reading_here
from tests.journeys.fixtures import Kind
from tests.journeys.rooms import House


@pytest.fixture
def kind() -> Kind:
    """Give the database whose administrator is the attacker."""
    return "sqlite"


def version_of(house: House, added: Added) -> Version:
    assert added.sealed is not None
    with house.room.room.ledger.reading() as reading:
        return VERSIONS.get(reading, added.sealed.version.id)


def shown(house: House, added: Added) -> Intake:
    return reading_here(house.by("olga")).intakes.show(added.intake.id)[0]


def accept(house: House, added: Added) -> Request:
    return house.by("olga").intakes.accept(added.intake.id)


def published(house: House, path: Path) -> Added:
    added = add(house, path)
    house.by("ines").approve(accept(house, added).id)
    return added


def recall(house: House, added: Added, advisory: str = "A-1") -> list[Version]:
    assert added.sealed is not None
    room = house.room.room
    with room.ledger.transaction() as writing:
        return room.outside.admission.recall(
            writing, [added.sealed.artifact.id], advisory=advisory, reason=""
        )


def fails(attempt: Callable[[], object]) -> StrongroomError | None:
    try:
        attempt()
    except (IntegrityError, MissingError, ConflictError) as error:
        return error
    return None
