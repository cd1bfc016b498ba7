"""Compares what was admitted with what is there now, and says what it would touch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from strongroom.access.gate import Gate
from strongroom.access.people import ROOM
from strongroom.access.sessions import Actor
from strongroom.errors import MissingError
from strongroom.intake.admitted import options_of
from strongroom.intake.examining import Examine
from strongroom.intake.intakes import Intake, find_intake, load_report
from strongroom.intake.outdated import Outdated, compare
from strongroom.intake.private_folders import private_folder
from strongroom.intake.receiving import receive
from strongroom.intake.rewriting import Options
from strongroom.types import IntakeId, Random, new_id
from strongroom.vault.descendants import Families


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What a newer version changes.

    Attributes:
        outdated: Which files and tensors.
        rebuild: Names of the models that descend from what was admitted, sorted.
    """

    intake: Intake
    outdated: Outdated
    rebuild: tuple[str, ...]


class Comparing:
    """Compares what was admitted with files that are there now."""

    def __init__(
        self, gate: Gate, *, examine: Examine, folder: Path, random: Random
    ) -> None:
        """Wire the shell; see ``Quarantine``, whose folder it shares."""
        self._gate = gate
        self._examine = examine
        self._folder = folder
        self._random = random

    def run(self, actor: Actor, identifier: str, path: Path) -> Compared:
        """Return what a file or a folder changes about what was admitted.

        It is read in the sandbox as an addition is, without what was left out of what
        was admitted, and nothing of it is kept.

        Args:
            actor: Who asks.
            identifier: Of the intake.
            path: What is there now.

        Raises:
            DeniedError: The actor may not read what was admitted.
            MissingError: There is no such intake, or it was not examined.
            InputError: It cannot be copied; see ``receive``.
            IntegrityError: The stored report was altered.
            SetupError: The sandbox lacks something.
            UnavailableError: A disk or the database does not answer, or is full.
        """
        with (
            self._gate.recording_refusals(actor, "intake:read", identifier),
            self._gate.ledger.reading() as reading,
        ):
            self._gate.require(reading, actor, "intake:read", ROOM)
            intake = find_intake(reading, identifier)
            admitted = load_report(reading, intake)
            rebuild = Families.of(reading).below(intake.version)
        if admitted is None:
            raise MissingError(f"nothing of {intake.id} was examined yet")
        options = Options(left_out=options_of(admitted).left_out)
        name = IntakeId(new_id("intake", self._random))  # ``sweep`` knows these
        with private_folder(self._folder, name) as folder:
            copy, output = folder / "newer", folder / "rewritten"
            received = receive(path, copy)
            output.mkdir(mode=0o700)
            with copy.open("rb", buffering=0) as file:
                found = self._examine(file.fileno(), received.files, options, output)
        return Compared(
            intake=intake,
            outdated=compare(admitted, received, found),
            rebuild=rebuild,
        )
