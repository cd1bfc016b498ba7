"""Rooms whose quarantine reads in this process."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from strongroom.client.client import Strongroom
from strongroom.client.intake import Added
from strongroom.intake.additions import Addition
from strongroom.intake.examining import Examine
from strongroom.intake.known_bad import KnownBad
from strongroom.intake.quarantine import Quarantine
from strongroom.sandboxes.recording import RecordingSandbox
from strongroom.vault.admission import Admission
from strongroom.vault.drafts import SealOptions
from strongroom.vault.originals import Originals
from strongroom.vault.outcomes import Outcomes
from strongroom.vault.reading_again import ReadingAgain
from strongroom.vault.reauditing import Reauditing
from tests.intake.readers import examine
from tests.journeys.rooms import House

NOTHING_KNOWN = KnownBad()


def reading_here(
    room: Strongroom,
    known_bad: KnownBad = NOTHING_KNOWN,
    *,
    reads: Examine = examine,
) -> Strongroom:
    """Return the same room with a quarantine that needs no sandbox.

    Args:
        room: Of whoever acts.
        known_bad: By which what comes in is judged.
        reads: What is called instead of a sandbox.
    """
    parts = room.room
    quarantine = Quarantine(
        parts.gate,
        examine=reads,
        folder=parts.settings.folder / "quarantine",
        random=parts.random,
        known_bad=known_bad,
        keep=timedelta(days=30),
    )
    admission = Admission(parts.gate, parts.approvals, known_bad)
    originals = Originals(parts.anchors, parts.domains, parts.keys.manifest.public)
    actor = room.actor if room.bound else None
    outside = replace(
        parts.outside,
        quarantine=quarantine,
        admission=admission,
        reauditing=Reauditing(parts.gate, admission, known_bad),
        reading_again=ReadingAgain(
            parts.gate,
            originals,
            Outcomes(admission, known_bad),
            examine=reads,
            folder=parts.settings.folder / "quarantine",
            random=parts.random,
        ),
    )
    parts = replace(parts, outside=outside, sandbox=RecordingSandbox)
    return Strongroom(parts, actor)


def add(
    house: House,
    path: Path,
    *,
    by: str = "olga",
    name: str = "llm",
    known_bad: KnownBad = NOTHING_KNOWN,
) -> Added:
    """Take a folder in for the project that everybody is in."""
    return reading_here(house.by(by), known_bad).intakes.add(
        Addition(path=path, project="default"), SealOptions(name=name)
    )
