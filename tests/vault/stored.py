"""What a house has recorded and stored."""

from __future__ import annotations

import json
from pathlib import Path

from strongroom.ledger.log import Entry
from tests.journeys.rooms import House


def kinds(house: House) -> list[str]:
    """Return the kinds of all entries, in order."""
    ledger = house.room.room.ledger

    def kind(entry: Entry) -> str:
        return str(json.loads(entry.body)["kind"])

    with ledger.reading() as reading:
        return [kind(entry) for entry in ledger.entries(reading, 0)]


def objects(folder: Path) -> list[Path]:
    """Return every sealed object and unfinished file in the stores."""
    return [path for path in (folder / "stores").rglob("*") if path.is_file()]


def states(house: House, name: str) -> list[str]:
    """Return the states of a model's versions."""
    found = house.room.room.catalogue.versions(house.actors["root"], name)
    return [str(version.state) for version in found]
