"""Reads again, with the readers of today, what older ones admitted.

    an entry ──▶ open the sealed original ──▶ read it in the sandbox, as the first time
        ──▶ compare ──▶ the same: an entry
                    └─▶ not: an entry, and a recall with all that descends from it

One thing at a time, each with two commits of its own: an interruption loses the reading
under way and nothing else, and the next run goes on with what is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from strongroom.access.gate import Gate
from strongroom.access.people import ROOM
from strongroom.access.sessions import Actor
from strongroom.canonical import Json
from strongroom.errors import (
    ConflictError,
    ForkError,
    IntegrityError,
    MissingError,
    SetupError,
    UnavailableError,
)
from strongroom.intake.admitted import options_of, received_of, verify_copy
from strongroom.intake.differences import failed_finding
from strongroom.intake.examining import Examine
from strongroom.intake.intakes import (
    ADMITTED,
    INTAKES,
    find_intake,
    load_report_bytes,
)
from strongroom.intake.later_readings import LaterReading, later_reading
from strongroom.intake.private_folders import private_folder, quarantine_disk
from strongroom.intake.readers import VERSION
from strongroom.intake.receiving import verify_room
from strongroom.intake.verdicts import judge
from strongroom.ledger.recorded import newest_recorded
from strongroom.types import IntakeId, Random, new_id
from strongroom.vault.originals import Originals
from strongroom.vault.outcomes import Admitted, Outcomes, ReadAgain
from strongroom.vault.seals import Progress

_OPENED = "intake.reopened"


class ReadingAgain:
    """Reads originals again."""

    def __init__(
        self,
        gate: Gate,
        originals: Originals,
        outcomes: Outcomes,
        *,
        examine: Examine,
        folder: Path,
        random: Random,
        types: tuple[str, ...] = (),
    ) -> None:
        """Wire the shell.

        Args:
            gate: Asks policy.
            originals: Opens what is held.
            outcomes: Keeps what came of it.
            examine: Reads files in a sandbox; ``app`` hands it in.
            folder: For private copies, that of ``Quarantine``.
            random: Source of ids.
            types: That the house lists today, for reports that name none.
        """
        self._gate = gate
        self._ledger = gate.ledger
        self._originals = originals
        self._outcomes = outcomes
        self._examine = examine
        self._folder = folder
        self._random = random
        self._types = types

    def run(
        self, actor: Actor, intake: IntakeId, *, progress: Progress = lambda _: None
    ) -> ReadAgain:
        """Read one original again, compare, and recall what came out otherwise.

        Args:
            actor: Who asks.
            intake: Of what was admitted, and is held.
            progress: Told the bytes since the last call: each once when it is opened,
                and once when it is read.

        Raises:
            DeniedError: The actor may not.
            ForkError: A custodian saw another ledger.
            IntegrityError: A row, or a report, was altered.
            SetupError: The room pins no key any more for the advisories it took.
            UnavailableError: The database does not answer.
        """
        try:
            begun = self._begin(actor, intake)
            document = self._read(begun, progress)
            return self._keep(actor, begun, document)
        except ConflictError as error:
            found = ((intake, failed_finding(error)),)
            return ReadAgain(findings=found, done=False)

    def last(self, actor: Actor, identifier: str) -> LaterReading | None:
        """Return how an original was read again last, if it ever was.

        Args:
            actor: Who asks.
            identifier: Of the intake.

        Raises:
            DeniedError: The actor may not read it.
            MissingError: There is no such intake.
            IntegrityError: A row was deleted or altered.
        """
        with self._gate.reading(actor, "intake:read", identifier) as reading:
            return later_reading(reading, find_intake(reading, identifier))

    def _begin(self, actor: Actor, identifier: IntakeId) -> Admitted:
        """Record that an original is opened, before it is.

        Raises:
            ConflictError: It was refused meanwhile, or expired.
        """
        with (
            self._gate.recording_refusals(actor, "intake:advise", identifier),
            self._ledger.transaction() as writing,
        ):
            self._gate.require(writing, actor, "intake:advise", ROOM)
            intake = INTAKES.get(writing, identifier)
            if intake.state not in ADMITTED or intake.original is None:
                raise ConflictError(f"{intake.id} was refused, or expired, meanwhile")
            report = load_report_bytes(writing, intake)
            artifact, _, number = intake.original.partition("/")
            writing.append(
                actor.event(
                    _OPENED,
                    {
                        "intake": intake.id,
                        "artifact": artifact,
                        "version": int(number),
                        "reader": VERSION,
                    },
                )
            )
        return Admitted(intake=intake, report=report)

    def _read(self, begun: Admitted, progress: Progress) -> Mapping[str, Json]:
        """Return the report of the readers of today.

        Raises:
            ConflictError: It cannot be opened, or there is no room to read it.
            ForkError: A custodian saw another ledger.
        """
        name = IntakeId(new_id("intake", self._random))  # ``sweep`` knows these
        try:
            with private_folder(self._folder, name) as folder:
                return self._read_in(folder, begun, progress)
        except ForkError:
            raise
        except (IntegrityError, MissingError, SetupError, UnavailableError) as error:
            raise ConflictError(str(error), hint=error.hint) from None

    def _read_in(
        self, folder: Path, begun: Admitted, progress: Progress
    ) -> Mapping[str, Json]:
        intake, admitted = begun.intake, begun.document
        copy, output = folder / "original", folder / "rewritten"
        received = received_of(admitted, intake)
        options = options_of(admitted, types=self._types)
        with self._ledger.reading() as reading:
            opened = newest_recorded(
                self._ledger,
                reading,
                _OPENED,
                where=lambda facts: facts["intake"] == intake.id,
            )
            if opened is None:
                raise IntegrityError(f"no entry says that {intake.id} is opened")
            original = self._originals.find(reading, intake, opened.entry)
        verify_room(folder, received.length)
        self._originals.write(original, copy, progress=progress)
        verify_copy(copy, received)
        with quarantine_disk(), copy.open("rb", buffering=0) as file:
            output.mkdir(mode=0o700)
            report = self._examine(file.fileno(), received.files, options, output)
        progress(received.length)
        verdict = judge(
            replace(report, types=options.types),
            received,
            policy=self._gate.rules_digest,
            options=options,
        )
        origin = admitted.get("origin") if isinstance(admitted, Mapping) else None
        return {**verdict.document, "origin": origin}

    def _keep(
        self, actor: Actor, begun: Admitted, document: Mapping[str, Json]
    ) -> ReadAgain:
        """Record what the readers of today say, and recall what they say otherwise.

        Raises:
            ConflictError: Somebody refused it meanwhile, or read it again.
        """
        with (
            self._gate.recording_refusals(actor, "intake:advise", begun.intake.id),
            self._ledger.transaction() as writing,
        ):
            self._gate.require(writing, actor, "intake:advise", ROOM)
            return self._outcomes.keep(writing, actor, begun, document)
