"""Judges again what was admitted, by a newer bundle of advisories.

    take the bundle ──▶ join it with every report ──▶ recall what it hits, with all
                                                      that descends from it

One transaction: afterwards no key of what was hit is released, and the entries say
why.  No file is read again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass

from strongroom.access.gate import Gate
from strongroom.access.people import ROOM
from strongroom.access.sessions import Actor
from strongroom.database.engine import Transaction
from strongroom.intake.advisories import Advisory, Bundle
from strongroom.intake.feeds import known_hits, remember_hit
from strongroom.intake.findings import Level
from strongroom.intake.installed import Installed, judge_installed
from strongroom.intake.intakes import INTAKES, Intake, IntakeState, load_report_bytes
from strongroom.intake.joining import Join, reader_of
from strongroom.intake.judging import Found, Judged, hit_id, judge_again, new_hits
from strongroom.intake.known_bad import KnownBad
from strongroom.ledger.events import Event
from strongroom.ledger.log import Reading, Writing
from strongroom.types import ArtifactId
from strongroom.vault.admission import Admission
from strongroom.vault.descendants import lock_descendants, with_descendants
from strongroom.vault.versions import Version

_ADMITTED = (IntakeState.WAITING, IntakeState.ACCEPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaudited:
    """What judging again led to.

    Attributes:
        number: Of the bundle; ``None`` if there is none.
        judged: How many intakes.
        findings: Id of an intake, or ``""`` for the feed, and what was found.
        recalled: Versions that are back in quarantine; of a dry run, none.
    """

    number: int | None
    judged: int
    findings: tuple[Found, ...]
    recalled: tuple[Version, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether nothing was found that somebody did not see before."""
        return all(finding.level is Level.NOTE for _, finding in self.findings)


class Reauditing:
    """Judges again what was admitted."""

    def __init__(self, gate: Gate, admission: Admission, known_bad: KnownBad) -> None:
        """Wire the shell.

        Args:
            gate: Asks policy.
            admission: Takes versions back.
            known_bad: Whose bundles the room takes.
        """
        self._gate = gate
        self._ledger = gate.ledger
        self._admission = admission
        self._known_bad = known_bad

    def run(self, actor: Actor, bundle: bytes | None = None) -> Reaudited:
        """Take a bundle if one is given, judge again, and recall what is hit.

        Args:
            actor: Who asks.
            bundle: The signed file; else the last one counts.

        Raises:
            SetupError: A bundle is given, and the room pins no key for it.
            IntegrityError: The bundle is malformed or not by the pinned key; or a
                stored report or bundle was altered.
            ConflictError: The bundle is older than the last one.
            DeniedError: The actor may not.
        """
        opened = None if bundle is None else self._known_bad.open(bundle)
        with (
            self._gate.recording_refusals(actor, "intake:advise", "room"),
            self._ledger.transaction() as writing,
        ):
            self._gate.require(writing, actor, "intake:advise", ROOM)
            if bundle is not None and opened is not None:
                self._known_bad.take(writing, actor, bundle, opened)
            else:
                opened = self._known_bad.last(writing, lock=True)
            found, known = self._judged(writing, opened), known_hits(writing)
            number = opened.number if opened else 0
            recalled = self._recalled(writing, number, new_hits(found, known))
            result = Reaudited(
                number=number or None,
                judged=len(found),
                findings=self._findings(writing, opened, found, known),
                recalled=tuple(recalled),
            )
            writing.append(_reaudited(actor, result))
            return result

    def foresee(self, actor: Actor, bundle: bytes | None = None) -> Reaudited:
        """Return what ``run`` would find, and change nothing.

        Raises:
            SetupError: As ``run``.
            IntegrityError: As ``run``.
            ConflictError: As ``run``.
            DeniedError: The actor may not.
        """
        opened = None if bundle is None else self._known_bad.open(bundle)
        with self._reading(actor) as reading:
            opened = self._foreseen(reading, opened, bundle)
            found, known = self._judged(reading, opened), known_hits(reading)
            return Reaudited(
                number=opened.number if opened else None,
                judged=len(found),
                findings=self._findings(
                    reading, opened, found, known, offered=bundle is not None
                ),
            )

    def installed(
        self, actor: Actor, packages: Sequence[Installed], bundle: bytes | None = None
    ) -> Reaudited:
        """Return what is known of the packages that are installed here.

        No service is asked, so none can fail to answer: the bundle says it, or its
        absence is a finding.

        Args:
            actor: Who asks.
            packages: Every one.
            bundle: A newer one to go by; it is not taken.

        Raises:
            SetupError: As ``run``.
            IntegrityError: As ``run``.
            ConflictError: As ``run``.
            DeniedError: The actor may not.
        """
        opened = None if bundle is None else self._known_bad.open(bundle)
        with self._reading(actor) as reading:
            opened = self._foreseen(reading, opened, bundle)
            about_feed = list(
                self._known_bad.findings(reading, opened, offered=bundle is not None)
            )
        return Reaudited(
            number=opened.number if opened else None,
            judged=len(packages),
            findings=(
                *(("", one) for one in about_feed),
                *judge_installed(packages, opened.advisories if opened else ()),
            ),
        )

    @contextmanager
    def _reading(self, actor: Actor) -> Iterator[Reading]:
        with (
            self._gate.recording_refusals(actor, "intake:advise", "room"),
            self._ledger.reading() as reading,
        ):
            self._gate.require(reading, actor, "intake:advise", ROOM)
            yield reading

    def _foreseen(
        self, reading: Reading, opened: Bundle | None, bundle: bytes | None
    ) -> Bundle | None:
        """Return the bundle that counts; one that is given could be taken."""
        if opened is None or bundle is None:
            return self._known_bad.last(reading)
        self._known_bad.verify_takeable(reading, bundle, opened)
        return opened

    def _judged(self, transaction: Transaction, bundle: Bundle | None) -> list[Judged]:
        """Return every intake that was admitted, and what concerns it.

        All rows are read: one that somebody deleted, or altered so that it looks
        refused, would hide from what is known of it.
        """
        join = Join.of(bundle.advisories if bundle else ())
        INTAKES.require_all(transaction, prefix="")
        judged = []
        for intake in INTAKES.find(transaction):
            if intake.state not in _ADMITTED or intake.version is None:
                continue
            report = load_report_bytes(transaction, intake)
            judged.append(
                Judged(
                    intake=intake,
                    advisories=tuple(join.hits(report)),
                    reader=reader_of(report),
                )
            )
        return judged

    def _findings(
        self,
        transaction: Reading | Writing,
        bundle: Bundle | None,
        found: Sequence[Judged],
        known: Set[str],
        *,
        offered: bool = False,
    ) -> tuple[Found, ...]:
        about_feed = self._known_bad.findings(transaction, bundle, offered=offered)
        return (*(("", one) for one in about_feed), *judge_again(found, known))

    def _recalled(
        self, writing: Writing, number: int, hits: Sequence[tuple[Intake, Advisory]]
    ) -> list[Version]:
        """Take back what was hit, with all that descends from it."""
        if not hits:
            return []
        recalled: list[Version] = []
        bad = [ArtifactId(str(one.version).partition("/")[0]) for one, _ in hits]
        children = lock_descendants(writing, bad)
        for artifact, (intake, advisory) in zip(bad, hits, strict=True):
            recalled += self._admission.recall(
                writing,
                with_descendants(artifact, children),
                advisory=advisory.id,
                reason=advisory.summary,
            )
            remember_hit(writing, hit_id(intake, advisory), number)
        return recalled


def _reaudited(actor: Actor, result: Reaudited) -> Event:
    return actor.event(
        "intake.reaudited",
        {
            "number": result.number,
            "judged": result.judged,
            "hits": sum(f.rule == "advisory/hit" for _, f in result.findings),
            "recalled": len(result.recalled),
            "rules": sorted({finding.rule for _, finding in result.findings}),
        },
    )
