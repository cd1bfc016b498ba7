"""Rooms whose quarantine reads in this process."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from strongroom.client.client import Strongroom
from strongroom.client.intake import Added
from strongroom.intake.additions import Addition
from strongroom.intake.quarantine import Quarantine
from strongroom.sandboxes.recording import RecordingSandbox
from strongroom.vault.drafts import SealOptions
from tests.intake.readers import examine
from tests.journeys.rooms import House


def reading_here(room: Strongroom) -> Strongroom:
    """Return the same room with a quarantine that needs no sandbox."""
    parts = room.room
    quarantine = Quarantine(
        parts.gate,
        examine=examine,
        folder=parts.settings.folder / "quarantine",
        random=parts.random,
    )
    actor = room.actor if room.bound else None
    parts = replace(parts, quarantine=quarantine, sandbox=RecordingSandbox)
    return Strongroom(parts, actor)


def add(house: House, path: Path, *, by: str = "olga", name: str = "llm") -> Added:
    """Take a folder in for the project that everybody is in."""
    return reading_here(house.by(by)).intakes.add(
        Addition(path=path, project="default"), SealOptions(name=name)
    )
