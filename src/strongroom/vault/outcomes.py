"""Keeps what came of reading an original again, and recalls what came out otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from strongroom.access.sessions import Actor
from strongroom.canonical import Json, from_json, to_json
from strongroom.database.engine import Transaction
from strongroom.errors import ConflictError
from strongroom.intake.advisories import Advisory
from strongroom.intake.differences import differences, later_finding, outcome_of
from strongroom.intake.feeds import known_hits, remember_hit
from strongroom.intake.intakes import (
    ADMITTED,
    INTAKES,
    MOST_REPORT_BYTES,
    Intake,
    store_report,
)
from strongroom.intake.judging import Found, hit_finding, hit_id
from strongroom.intake.known_bad import KnownBad, concerning
from strongroom.intake.later_readings import (
    LaterReading,
    Outcome,
    keep_later_reading,
    reader_in_force,
)
from strongroom.intake.readers import READER, VERSION
from strongroom.intake.receipt import report_digest
from strongroom.ledger.log import Writing
from strongroom.vault.admission import Admission
from strongroom.vault.recalling import Ground, take_back
from strongroom.vault.versions import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAgain:
    """What reading something again led to.

    Attributes:
        findings: As ``Reaudited.findings``.
        recalled: Versions that are back in quarantine.
        done: Whether it was read; else it is to be read still.
    """

    findings: tuple[Found, ...]
    recalled: tuple[Version, ...] = ()
    done: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """What is read again, and the report by which it was admitted, canonical JSON."""

    intake: Intake
    report: bytes

    @property
    def document(self) -> Json:
        """The report, parsed."""
        return from_json(self.report, at_most_bytes=MOST_REPORT_BYTES)


class Outcomes:
    """Keeps what came of reading again."""

    def __init__(self, admission: Admission, known_bad: KnownBad) -> None:
        """Wire it.

        Args:
            admission: Takes versions back.
            known_bad: What is known to be bad, in the newest bundle of advisories.
        """
        self._admission = admission
        self._known_bad = known_bad

    def keep(
        self,
        writing: Writing,
        actor: Actor,
        admitted: Admitted,
        document: Mapping[str, Json],
    ) -> ReadAgain:
        """Keep what readers of today say; recall what they say otherwise.

        The last bundle is locked first, then versions, then the intake.

        Args:
            writing: The open transaction, in which nothing is locked yet.
            actor: Who asked; policy allowed it.
            admitted: What was read again.
            document: The report of today.

        Raises:
            ConflictError: It was refused meanwhile, or read again by somebody else.
            IntegrityError: A row, or the bundle of advisories, was altered.
            SetupError: The room pins no key any more for the bundle that it took.
        """
        intake, report = admitted.intake, to_json(document)
        differing = differences(admitted.document, document)
        later = LaterReading(
            id=intake.id,
            reader=VERSION,
            outcome=outcome_of(document, differing),
            report=report_digest(report),
            read_at=writing.now,
        )
        finding = later_finding(later, differing)
        number, hits = self._hits(writing, admitted, report, later)
        _verify_unchanged(writing, intake)
        grounds = [Ground(intake=intake, by=a.id, reason=a.summary) for a in hits]
        if later.outcome is not Outcome.SAME:
            grounds.append(Ground(intake=intake, by=READER, reason=finding.message))
        recalled = take_back(writing, self._admission, grounds)
        _verify_unchanged(writing, intake, lock=True)
        for advisory in hits:
            remember_hit(writing, hit_id(intake, advisory), number)
        store_report(writing, later.report, report)
        keep_later_reading(writing, intake, later)
        writing.append(
            actor.event(
                "intake.reread",
                {
                    "intake": intake.id,
                    "reader": later.reader,
                    "outcome": later.outcome,
                    "report": later.report,
                    "previous": intake.report,
                    "differences": len(differing),
                    "hits": len(hits),
                    "recalled": len(recalled),
                },
            )
        )
        found = (finding, *(hit_finding(advisory) for advisory in hits))
        return ReadAgain(
            findings=tuple((intake.id, one) for one in found), recalled=tuple(recalled)
        )

    def _hits(
        self, writing: Writing, admitted: Admitted, report: bytes, later: LaterReading
    ) -> tuple[int, list[Advisory]]:
        """Return the number of the last bundle, and what of it is news of this."""
        bundle = self._known_bad.last(writing, lock=True)
        reader = reader_in_force(admitted.report, later)
        known = known_hits(writing, admitted.intake)
        concerned = concerning(bundle, admitted.report, report, reader=reader)
        new = [one for one in concerned if hit_id(admitted.intake, one) not in known]
        return (bundle.number if bundle else 0), new


def _verify_unchanged(
    transaction: Transaction, before: Intake, *, lock: bool = False
) -> None:
    """Check that nobody decided against something while it was read.

    Raises:
        ConflictError: Somebody did.
    """
    now = INTAKES.get(transaction, before.id, lock=lock)
    if now.state not in ADMITTED or now.version != before.version:
        raise ConflictError(f"{now.id} was refused meanwhile")
