"""Takes in what comes from outside: one private copy, one examination, one verdict.

    receive ──▶ (the vault holds the original) ──▶ examine ──▶ Receipt, or a refusal

Every step is an entry before the next begins.  The plain bytes lie in a folder of
this user alone, and only while the addition runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from strongroom import canonical
from strongroom.access.gate import Gate
from strongroom.access.policy import Resource
from strongroom.access.projects import Project, find_project
from strongroom.access.sessions import Actor
from strongroom.errors import ConflictError
from strongroom.intake.additions import Addition, is_alike, suffices, verify_addition
from strongroom.intake.examining import Examine
from strongroom.intake.expectations import check_addition, verify_expected
from strongroom.intake.findings import Finding
from strongroom.intake.intakes import (
    INTAKES,
    Intake,
    IntakeState,
    find_intake,
    load_report,
    store_report,
)
from strongroom.intake.known_bad import KnownBad
from strongroom.intake.listed_sources import check_listed
from strongroom.intake.private_folders import private_folder, quarantine_disk, sweep
from strongroom.intake.receipt import Receipt, report_digest
from strongroom.intake.receiving import Received, receive
from strongroom.intake.recording import examined_event, received_event
from strongroom.intake.signatures import Checked
from strongroom.intake.verdicts import Verdict, judge
from strongroom.types import IntakeId, Random, new_id

_OUTPUT = "rewritten"


@dataclass(frozen=True, slots=True, kw_only=True)
class Private:
    """A private copy, while an addition runs.

    Attributes:
        intake: Its row; one that is known already if ``known``.
        project: That it is for.
        received: What the copy holds.
        checked: What holding it against what was expected led to.
        copy: The file with all of it.
        output: Where the re-written files go.
    """

    intake: Intake
    project: Project
    received: Received
    checked: Checked
    copy: Path
    output: Path
    known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What an examination led to.

    Attributes:
        receipt: For the vault; ``None`` if it was refused.
    """

    intake: Intake
    verdict: Verdict
    receipt: Receipt | None


class Quarantine:
    """Where things from outside stay until they are re-written."""

    def __init__(
        self,
        gate: Gate,
        *,
        examine: Examine,
        folder: Path,
        random: Random,
        known_bad: KnownBad,
        keep: timedelta,
    ) -> None:
        """Wire the shell.

        Args:
            gate: Asks policy.
            examine: Reads files in a sandbox; ``app`` hands it in.
            folder: For private copies; made when it is needed.
            random: Source of ids.
            known_bad: What is known to be bad, in the newest bundle of advisories.
            keep: How long an original is held.
        """
        self._gate = gate
        self._ledger = gate.ledger
        self._examine = examine
        self._folder = folder
        self._random = random
        self._known_bad = known_bad
        self._keep = keep

    @contextmanager
    def receiving(
        self,
        actor: Actor,
        addition: Addition,
        *,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Iterator[Private]:
        """Give a private copy of what is added, recorded; remove it afterwards.

        Raises:
            DeniedError: The actor may not take anything in for this project.
            MissingError: There is no such project.
            InputError: It cannot be copied, see ``receive``; or it is not what was
                expected, or holds nothing to be left out, or nothing else.
            UnavailableError: A disk or the database does not answer, or is full.
        """
        project = self._require(actor, addition)
        verify_addition(addition)  # a slip of the pen, before it is copied
        intake_id = IntakeId(new_id("intake", self._random))
        with private_folder(self._folder, intake_id) as folder:
            copy = folder / "original"
            received = receive(addition.path, copy, progress=progress)
            checked = check_addition(addition, received, at=self._now())
            intake, known = self._recorded(actor, addition, intake_id, received)
            if known:
                verify_expected(checked)
            with quarantine_disk():
                (folder / _OUTPUT).mkdir(mode=0o700)
            yield Private(
                intake=intake,
                project=project,
                received=received,
                checked=checked,
                copy=copy,
                output=folder / _OUTPUT,
                known=known,
            )

    def examine(self, actor: Actor, private: Private, addition: Addition) -> Examined:
        """Read the copy in the sandbox, and record what was found before it is used.

        Raises:
            ConflictError: Somebody else added the same, and was faster.
            IntegrityError: The stored bundle of advisories was deleted or altered.
            MissingError: The row of its source was deleted.
            SetupError: The sandbox lacks something, or the room pins no key any more
                for the advisories that it took.
            UnavailableError: A disk or the database does not answer, or is full.
        """
        with quarantine_disk(), private.copy.open("rb", buffering=0) as copy:
            report = self._examine(
                copy.fileno(),
                private.received.files,
                addition.options,
                private.output,
            )

        checked = private.checked

        def judged(more: tuple[Finding, ...]) -> Verdict:
            return judge(
                report,
                private.received,
                replace(checked, findings=(*checked.findings, *more)),
                origin=addition.place,
                policy=self._gate.rules_digest,
                options=addition.options,
                advice_reviewed=self._gate.terms.reviews_advice(
                    addition.classification
                ),
            )

        with self._ledger.transaction() as writing:
            gone = tuple(check_listed(writing, addition.source))
            verdict, document = self._known_bad.applied(
                writing, lambda advised: judged((*gone, *advised))
            )
            digest = report_digest(document)
            row = INTAKES.get(writing, private.intake.id, lock=True)
            if row.state is not IntakeState.RECEIVED:
                raise ConflictError(
                    f"{row.id} was examined by somebody else meanwhile",
                    hint=f"strongroom intake show {row.id}",
                )
            store_report(writing, digest, document)
            state = IntakeState.REFUSED if verdict.refused else row.state
            row = INTAKES.replace(
                writing,
                row,
                state=state,
                source=addition.source.id if addition.source else "",
                report=digest,
                review=verdict.review,
            )
            writing.append(examined_event(actor, row, verdict))
        receipt = None
        if not verdict.refused:
            receipt = Receipt(intake=row.id, digest=row.digest, report=digest)
        return Examined(intake=row, verdict=verdict, receipt=receipt)

    def listed(self, actor: Actor) -> list[Intake]:
        """Return every intake, newest first.

        Raises:
            DeniedError: The actor may not read them.
        """
        with self._gate.reading(actor, "intake:read", "room") as reading:
            found = INTAKES.find(reading)
        return sorted(found, key=lambda intake: intake.added_at, reverse=True)

    def show(self, actor: Actor, identifier: str) -> tuple[Intake, canonical.Json]:
        """Return one intake and its report; ``None`` before it was examined.

        Raises:
            DeniedError: The actor may not read it.
            MissingError: There is no such intake.
            IntegrityError: The report is not the one that was recorded.
        """
        with self._gate.reading(actor, "intake:read", identifier) as reading:
            intake = find_intake(reading, identifier)
            return intake, load_report(reading, intake)

    def sweep(self) -> int:
        """Remove private copies that no running addition uses; return how many."""
        return sweep(self._folder)

    def _now(self) -> datetime:
        """Return the time of the ledger, which is never before its newest entry."""
        with self._ledger.reading() as reading:
            return reading.now

    def _require(self, actor: Actor, addition: Addition) -> Project:
        with (
            self._gate.recording_refusals(actor, "intake:add", addition.project),
            self._ledger.reading() as reading,
        ):
            project = find_project(reading, addition.project)
            self._gate.require(
                reading, actor, "intake:add", Resource(kind="Project", id=project.id)
            )
        return project

    def _recorded(
        self, actor: Actor, addition: Addition, intake: IntakeId, received: Received
    ) -> tuple[Intake, bool]:
        """Return the row of an addition, and whether it is known already."""
        digest = received.digest
        with self._ledger.transaction() as writing:
            before = INTAKES.find(writing, INTAKES.columns.digest == digest, lock=True)
            open_ones = [b for b in before if b.state is IntakeState.RECEIVED]
            if open_ones:  # interrupted: it goes on
                return open_ones[0], False
            alike = (b for b in before if is_alike(load_report(writing, b), addition))
            latest = max(alike, key=lambda b: b.added_at, default=None)
            if latest is not None and suffices(latest, addition):
                return latest, True
            row = INTAKES.insert(
                writing,
                Intake(
                    id=intake,
                    state=IntakeState.RECEIVED,
                    digest=digest,
                    plain_bytes=received.length,
                    files=len(received.files),
                    source=addition.source.id if addition.source else "",
                    original=None,
                    review=(),
                    report="",
                    version=None,
                    added_by=actor.account,
                    added_at=writing.now,
                    expires_at=writing.now + self._keep,
                ),
            )
            writing.append(received_event(actor, row, addition))
        return row, False
