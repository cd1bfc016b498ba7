"""Judges again what was admitted, by a newer bundle of advisories.

    take the bundle ──▶ join it with every report ──▶ recall what it hits, with all
                                                      that descends from it

One transaction: afterwards no key of what was hit is released, and the entries say
why.  No file is read again; that is what ``reading_again`` does.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from strongroom.access.gate import Gate
from strongroom.access.people import ROOM
from strongroom.access.sessions import Actor
from strongroom.database.engine import Transaction
from strongroom.intake.advisories import Advisory, Bundle
from strongroom.intake.feeds import known_hits, remember_hit
from strongroom.intake.findings import Level
from strongroom.intake.installed import Installed, judge_installed
from strongroom.intake.intakes import ADMITTED, INTAKES, Intake
from strongroom.intake.joining import Join, reader_of
from strongroom.intake.judging import Found, Judged, hit_id, judge_again, new_hits
from strongroom.intake.known_bad import KnownBad
from strongroom.intake.later_readings import (
    LATER_READINGS,
    every_later_reading,
    reader_in_force,
    reports_on,
)
from strongroom.ledger.events import Event
from strongroom.ledger.log import Reading, Writing
from strongroom.vault.admission import Admission
from strongroom.vault.outcomes import ReadAgain
from strongroom.vault.recalling import Ground, take_back
from strongroom.vault.versions import VERSIONS, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaudited:
    """What judging again led to.

    Attributes:
        number: Of the bundle; ``None`` if there is none.
        judged: How many intakes.
        findings: Id of an intake, or ``""`` for the feed, and what was found.
        recalled: Versions that are back in quarantine; of a dry run, none.
        outgrown: What can be read again by readers that see more, oldest first.
        reread: How many were.
    """

    number: int | None
    judged: int
    findings: tuple[Found, ...]
    recalled: tuple[Version, ...] = ()
    outgrown: tuple[Intake, ...] = ()
    reread: int = 0

    @property
    def clean(self) -> bool:
        """Whether nothing was found that somebody did not see before."""
        return all(finding.level is Level.NOTE for _, finding in self.findings)

    def after(self, intake: Intake, again: ReadAgain) -> Reaudited:
        """Return what there is to say once something was read again."""
        before = self.findings
        if again.done:
            asked = (intake.id, "advisory/reader")
            before = tuple(f for f in before if (f[0], f[1].rule) != asked)
        return replace(
            self,
            findings=(*before, *again.findings),
            recalled=(*self.recalled, *again.recalled),
            outgrown=tuple(one for one in self.outgrown if one.id != intake.id),
            reread=self.reread + again.done,
        )


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
            for table in (VERSIONS, INTAKES, LATER_READINGS):  # as everybody does
                table.lock_all(writing)
            found, known = self._judged(writing, opened), known_hits(writing)
            number = opened.number if opened else 0
            recalled = self._recalled(writing, number, new_hits(found, known))
            result = Reaudited(
                number=number or None,
                judged=len(found),
                findings=self._findings(writing, opened, found, known),
                recalled=tuple(recalled),
                outgrown=_outgrown(found),
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
        with self._gate.reading(actor, "intake:advise", "room") as reading:
            opened = self._foreseen(reading, opened, bundle)
            found, known = self._judged(reading, opened), known_hits(reading)
            return Reaudited(
                number=opened.number if opened else None,
                judged=len(found),
                findings=self._findings(
                    reading, opened, found, known, offered=bundle is not None
                ),
                outgrown=_outgrown(found),
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
        with self._gate.reading(actor, "intake:advise", "room") as reading:
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

        All rows are read, and counted in the entry: one that somebody deleted, hid for
        this moment, or altered so that it looks refused, would hide from what is known
        of it.
        """
        join = Join.of(bundle.advisories if bundle else ())
        intakes = INTAKES.find_all(transaction, prefix="")
        later_ones = every_later_reading(transaction)
        judged = []
        for intake in intakes:
            if intake.state not in ADMITTED or intake.version is None:
                continue
            later = later_ones.get(intake.id)
            reports = reports_on(transaction, intake, later)
            reader = reader_in_force(reports[0], later)
            judged.append(
                Judged(
                    intake=intake,
                    advisories=tuple(join.hits(*reports, reader=reader)),
                    reader=max(map(reader_of, reports)),
                    later=later,
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
        recalled = take_back(
            writing,
            self._admission,
            [Ground(intake=i, by=a.id, reason=a.summary) for i, a in hits],
        )
        for intake, advisory in hits:
            remember_hit(writing, hit_id(intake, advisory), number)
        return recalled


def _outgrown(found: Sequence[Judged]) -> tuple[Intake, ...]:
    """Return what readers of today can read again: its original is still held."""
    held = [one.intake for one in found if one.outgrown and one.intake.original]
    return tuple(sorted(held, key=lambda intake: intake.added_at))


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
