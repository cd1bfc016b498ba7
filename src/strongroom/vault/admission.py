"""Lets versions that came from outside be asked for, or not, or no longer.

quarantined ──accept──▶ pending ──others agree──▶ published ──recall─┐
     ├────────────────────refuse──▶ abandoned                        │
     ◀───────────────────────────────────────────────────────────────┘
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from strongroom.access.approvals import Approvals
from strongroom.access.gate import Gate
from strongroom.access.request import Request
from strongroom.access.sessions import Actor
from strongroom.access.terms import AdministrationTerms
from strongroom.database import tables
from strongroom.errors import ConflictError
from strongroom.intake.intakes import (
    INTAKES,
    Intake,
    IntakeState,
    find_intake,
)
from strongroom.intake.known_bad import KnownBad, verify_unadvised
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.types import ArtifactId, IntakeId
from strongroom.vault.admitting import ADVISED, RECALLED, asked_for, intake_of, refused
from strongroom.vault.publishing import PUBLISH_ACTION
from strongroom.vault.recording import abandoned_event
from strongroom.vault.versions import (
    ARTIFACTS,
    VERSIONS,
    Version,
    VersionState,
    resource_of,
)

_RECALLABLE = (
    VersionState.SEALING,
    VersionState.QUARANTINED,
    VersionState.PENDING,
    VersionState.PUBLISHED,
)


class Admission:
    """Decides on what waits in quarantine."""

    def __init__(self, gate: Gate, approvals: Approvals, known_bad: KnownBad) -> None:
        """Wire the shell.

        Args:
            gate: Asks policy.
            approvals: Publishes what needs somebody else's word.
            known_bad: What is known to be bad, in the newest bundle of advisories.
        """
        self._gate = gate
        self._ledger = gate.ledger
        self._approvals = approvals
        self._known_bad = known_bad

    def accept(self, actor: Actor, identifier: str) -> Request:
        """Ask to publish what was re-written; carried out if nobody has to agree.

        Raises:
            MissingError: There is no such intake.
            ConflictError: It was refused, accepted, or asked for already.
            DeniedError: The actor may not accept it, or an advisory concerns it that
                nobody has seen there yet.
            IntegrityError: The report on it, or the bundle of advisories, was
                deleted or altered.
        """
        with (
            self._gate.recording_refusals(actor, "intake:accept", identifier),
            self._ledger.transaction() as writing,
        ):
            bundle = self._known_bad.last(writing, lock=True)
            intake, version = self._waiting(writing, identifier)
            artifact = ARTIFACTS.get(writing, version.artifact)
            account = self._gate.require(
                writing, actor, "intake:accept", resource_of(artifact)
            )
            verify_unadvised(writing, bundle, intake)
            version = VERSIONS.replace(writing, version, state=VersionState.PENDING)
            return self._approvals.ask(
                writing,
                actor,
                account,
                PUBLISH_ACTION,
                asked_for(version, intake),
                terms=self._terms(intake, version),
            )

    def refuse(self, actor: Actor, identifier: str, *, reason: str = "") -> Intake:
        """Give up what was re-written, for good.

        Raises:
            MissingError: There is no such intake.
            ConflictError: It was refused or accepted already.
            DeniedError: The actor may not refuse it.
        """
        with (
            self._gate.recording_refusals(actor, "intake:accept", identifier),
            self._ledger.transaction() as writing,
        ):
            intake, version = self._waiting(writing, identifier)
            artifact = ARTIFACTS.get(writing, version.artifact)
            self._gate.require(writing, actor, "intake:accept", resource_of(artifact))
            VERSIONS.replace(writing, version, state=VersionState.ABANDONED)
            writing.append(abandoned_event(version, actor))
            refused(writing, version, by=actor, reason=reason)
            return INTAKES.get(writing, intake.id)

    def recall(
        self,
        writing: Writing,
        artifacts: Iterable[ArtifactId],
        *,
        advisory: str,
        reason: str,
    ) -> list[Version]:
        """Put every version of some artifacts back into quarantine; return those.

        From this commit on no key of them is released, and no request publishes
        one that was made before it.  What waits in quarantine already has to be
        looked at by somebody else, too; what is being sealed is given up.

        Args:
            writing: The open transaction.
            artifacts: What is concerned, with everything that descends from it.
            advisory: Id of what says so; or name and version of readers that do.
            reason: For whoever has to look at them again.

        Raises:
            IntegrityError: A version was deleted or altered.
        """
        concerned: list[Version] = []
        for artifact in sorted(set(artifacts)):
            # Every row, as its id says: one that was hidden now could be put back.
            VERSIONS.require_all(writing, prefix=f"{artifact}/")
            found = VERSIONS.find(
                writing, VERSIONS.columns.id.startswith(f"{artifact}/"), lock=True
            )
            for version in found:
                if version.state not in _RECALLABLE:
                    continue
                if version.state is VersionState.SEALING:
                    _give_up(writing, version)
                    continue
                if version.state is not VersionState.QUARANTINED:
                    concerned.append(
                        VERSIONS.replace(
                            writing, version, state=VersionState.QUARANTINED
                        )
                    )
                _look_again(writing, version, advisory=advisory, reason=reason)
        return concerned

    def expire(self) -> list[Intake]:
        """Give up every original whose time is over, with its keys.

        The objects go with the next ``strongroom clean``; nothing opens them.
        """
        with self._ledger.reading() as reading:
            due = INTAKES.find(
                reading,
                INTAKES.columns.original.is_not(None),
                INTAKES.columns.expires_at <= reading.now,
            )
        return [one for each in due if (one := self._expire(each.id)) is not None]

    def _expire(self, identifier: IntakeId) -> Intake | None:
        """Give up one original; a transaction each holds no two intakes at once.

        The version is locked first, as everybody does who locks both.
        """
        with self._ledger.transaction() as writing:
            original = INTAKES.get(writing, identifier).original
            if original is None:  # somebody cleans at the same time
                return None
            version = VERSIONS.get(writing, original, lock=True)
            intake = INTAKES.get(writing, identifier, lock=True)
            if intake.original != original:  # or did, meanwhile
                return None
            return _expire(writing, intake, version)

    def _waiting(self, writing: Writing, identifier: str) -> tuple[Intake, Version]:
        """Return an intake that waits, and the version re-written from it; both locked.

        The version first, as everybody does who locks both.
        """
        found = find_intake(writing, identifier)
        version = None
        if found.version is not None:
            version = VERSIONS.get(writing, found.version, lock=True)
        intake = INTAKES.get(writing, found.id, lock=True)
        if intake.state is not IntakeState.WAITING or version is None:
            raise ConflictError(
                f"{intake.id} is {intake.state}; it cannot be accepted or refused",
                hint=f"strongroom intake show {intake.id}",
            )
        if version.state is not VersionState.QUARANTINED:
            raise ConflictError(
                f"{intake.id} was accepted; others have to agree",
                hint="strongroom requests",
            )
        return intake, version

    def _terms(self, intake: Intake, version: Version) -> AdministrationTerms:
        """Return who has to agree.

        As for a seal; and somebody else in any case where the report says so.
        """
        if intake.review or version.parent is None:
            return self._gate.terms.of_action(PUBLISH_ACTION)
        return self._gate.terms.of_action("model:seal")


def _give_up(writing: Writing, version: Version) -> None:
    """Let whoever seals a version at this moment not come to its end."""
    VERSIONS.replace(writing, version, state=VersionState.ABANDONED)
    writing.append(abandoned_event(version))


def _look_again(
    writing: Writing, version: Version, *, advisory: str, reason: str
) -> None:
    """Record why somebody else has to look at a version, as it was until now."""
    intake = intake_of(writing, version)
    if intake is not None:
        why = RECALLED if version.state is VersionState.PUBLISHED else ADVISED
        INTAKES.replace(
            writing,
            intake,
            state=IntakeState.WAITING,
            review=(*intake.review, f"{why}: {advisory}"),
        )
    writing.append(
        Event(
            kind="intake.recalled",
            actor=None,
            facts={
                "intake": intake.id if intake else None,
                "artifact": version.artifact,
                "version": version.number,
                "advisory": advisory,
            },
            private={"reason": reason} if reason else {},
        )
    )


def _expire(writing: Writing, intake: Intake, version: Version) -> Intake:
    for table in (tables.wraps, tables.manifests):
        writing.connection.execute(
            sa.delete(table).where(
                table.c.artifact == version.artifact, table.c.version == version.number
            )
        )
    VERSIONS.replace(writing, version, state=VersionState.ABANDONED)
    intake = INTAKES.replace(writing, intake, original=None)
    writing.append(
        Event(
            kind="intake.expired",
            actor=None,
            facts={
                "intake": intake.id,
                "artifact": version.artifact,
                "version": version.number,
            },
        )
    )
    return intake
