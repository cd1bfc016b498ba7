"""Asks a hub what is newer there than what was admitted from it.

    read what was admitted ──▶ an entry ──▶ the hub lists ──▶ compare

No file is fetched, and nothing of the room changes but for the entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from strongroom.access.gate import Gate
from strongroom.access.sessions import Actor
from strongroom.errors import InputError, MissingError
from strongroom.intake.hub import Hub
from strongroom.intake.hub_changes import admitted_files, admitted_from
from strongroom.intake.hub_newest import Asked, ask_newest
from strongroom.intake.intakes import (
    INTAKES,
    Intake,
    IntakeState,
    find_intake,
    load_report,
)
from strongroom.intake.listed_sources import SOURCES, SourceState
from strongroom.intake.private_folders import private_folder
from strongroom.intake.upstreams import FromHub, Upstream, asked_of, stand
from strongroom.ledger.log import Reading
from strongroom.types import IntakeId, Random, new_id
from strongroom.vault.descendants import Families


class Upstreams:
    """Asks hubs about what was admitted from them."""

    def __init__(self, gate: Gate, *, folder: Path, random: Random) -> None:
        """Wire the shell.

        Args:
            gate: Asks policy.
            folder: For private notes of the hub's library, as the quarantine's.
            random: Source of names of folders.
        """
        self._gate = gate
        self._ledger = gate.ledger
        self._folder = folder
        self._random = random

    def ask(
        self, actor: Actor, hub: Hub, identifier: str | None = None
    ) -> list[Upstream]:
        """Return what a hub says of what was admitted from one.

        What it does not answer is in the answer, as the error that it is.

        Args:
            actor: Who asks.
            hub: That is asked.
            identifier: Of an intake; everything that is accepted unless said.

        Raises:
            DeniedError: The actor may not read what was admitted.
            MissingError: There is no such intake, or it was not examined.
            InputError: It is not known to be from a hub.
            IntegrityError: A stored report was altered.
            SetupError: The library is not installed.
            UnavailableError: A disk or the database does not answer, or is full.
        """
        with self._gate.reading(actor, "intake:read", identifier or "room") as reading:
            came = _admitted(reading, identifier)
            listed = SOURCES.columns.state == SourceState.LISTED
            sources = SOURCES.find(reading, listed)
        asked = asked_of(came)
        if not asked:
            return []
        self._record(actor, hub, asked)
        name = IntakeId(new_id("intake", self._random))  # ``sweep`` knows these
        with private_folder(self._folder, name) as home:
            answers = ask_newest(hub, asked, home)
        told = {one.repository: it for one, it in zip(asked, answers, strict=True)}
        admitted = {one.origin: one.intake.id for one in came}
        return [
            stand(one, told[one.origin.full_name], admitted, sources) for one in came
        ]

    def _record(self, actor: Actor, hub: Hub, asked: Sequence[Asked]) -> None:
        """Record who is about to be asked about what; nobody else will be."""
        with self._ledger.transaction() as writing:
            writing.append(
                actor.event(
                    "intake.asking",
                    {
                        "endpoint": hub.endpoint,
                        "repositories": [one.repository for one in asked],
                    },
                )
            )


def _admitted(reading: Reading, identifier: str | None) -> list[FromHub]:
    """Return what is to be asked about, oldest first.

    Raises:
        MissingError: What is named is not there, or was not examined.
        InputError: It is not known to be from a hub.
    """
    families = Families.of(reading)
    if identifier is None:
        accepted = INTAKES.find(reading, INTAKES.columns.state == IntakeState.ACCEPTED)
        rows = sorted(accepted, key=lambda intake: intake.added_at)
        every = [_from_hub(reading, intake, families) for intake in rows]
        return [one for one in every if one is not None]
    intake = find_intake(reading, identifier)
    found = _from_hub(reading, intake, families)
    if found is None:
        raise InputError(
            f"nobody said of {intake.id} from which hub it is",
            hint=f"name what is there now: strongroom intake outdated {intake.id} PATH",
        )
    return [found]


def _from_hub(reading: Reading, intake: Intake, families: Families) -> FromHub | None:
    """Return what was admitted from a repository; ``None`` if it is from elsewhere.

    Raises:
        MissingError: It was not examined.
    """
    report = load_report(reading, intake)
    if report is None:
        raise MissingError(
            f"nothing of {intake.id} was examined yet", hint="add it again"
        )
    origin = admitted_from(report)
    if not origin.repository:
        return None
    return FromHub(
        intake=intake,
        model=families.called(intake.version),
        origin=origin,
        files=admitted_files(report),
        rebuild=families.below(intake.version),
    )
