"""What a seal writes down."""

from __future__ import annotations

import json
from pathlib import Path

from strongroom.ledger.log import Entry
from strongroom.vault.versions import VersionState
from tests.journeys.rooms import House


def kinds(house: House) -> list[str]:
    """Return the kinds of all entries, in order."""
    ledger = house.room.room.ledger

    def kind(entry: Entry) -> str:
        return str(json.loads(entry.body)["kind"])

    with ledger.reading() as reading:
        return [kind(entry) for entry in ledger.entries(reading, 0)]


def states(house: House, name: str) -> list[str]:
    """Return the states of a model's versions."""
    found = house.room.room.catalogue.versions(house.actors["root"], name)
    return [str(version.state) for version in found]


def test_a_sealed_version_waits_for_somebody_elses_word(
    house: House, model: Path
) -> None:
    sealed = house.by("olga").seal(model, name="llm")
    assert sealed.request is not None
    assert sealed.version.state is VersionState.PENDING
    assert states(house, "llm") == ["pending"]

    house.by("ines").approve(sealed.request.id)

    assert states(house, "llm") == ["published"]
    assert kinds(house)[-3:] == [
        "request.approved",
        "version.published",
        "reference.moved",
    ]
