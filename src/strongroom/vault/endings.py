"""How a seal ends: what a version is then, and what is recorded with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from strongroom.access.accounts import Account
from strongroom.access.approvals import Approvals
from strongroom.access.request import Request
from strongroom.access.sessions import Actor
from strongroom.access.terms import AdministrationTerms
from strongroom.errors import ConflictError
from strongroom.intake.intakes import INTAKES, Intake, IntakeState
from strongroom.intake.receipt import Receipt
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.vault.admitting import asked_for
from strongroom.vault.publishing import PUBLISH_ACTION
from strongroom.vault.recording import OWN
from strongroom.vault.versions import Version, VersionState


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What becomes of a version whose objects are all stored.

    Attributes:
        state: Of the version.
        origin: What its entry says of where it came from.
        then: Called in the same transaction, with the version in that state.
    """

    state: VersionState
    origin: str
    then: Callable[[Writing, Version], Request | None]


def publishing(
    approvals: Approvals, actor: Actor, account: Account, terms: AdministrationTerms
) -> Ending:
    """Return the ending for one's own files: others may have to agree.

    Args:
        approvals: Takes the request to publish.
        actor: Who seals.
        account: Theirs.
        terms: Who has to agree.
    """

    def ask(writing: Writing, version: Version) -> Request:
        return approvals.ask(
            writing,
            actor,
            account,
            PUBLISH_ACTION,
            asked_for(version, None),
            terms=terms,
        )

    return Ending(state=VersionState.PENDING, origin=OWN, then=ask)


def holding(actor: Actor, intake: Intake) -> Ending:
    """Return the ending for an original from outside.

    Its ``then`` raises ``ConflictError`` where the intake has an original already.
    """

    def link(writing: Writing, version: Version) -> None:
        row = INTAKES.get(writing, intake.id, lock=True)
        if row.original is not None:
            raise ConflictError(
                f"the original of {row.id} is held already",
                hint=f"somebody adds the same: strongroom intake show {row.id}",
            )
        INTAKES.replace(writing, row, original=version.id)
        writing.append(_event("intake.held", actor, intake.id, version))

    return Ending(state=VersionState.HELD, origin=intake.id, then=link)


def quarantining(actor: Actor, receipt: Receipt) -> Ending:
    """Return the ending for what was re-written from something from outside.

    Its ``then`` raises ``ConflictError`` where the receipt is not the newest.
    """

    def link(writing: Writing, version: Version) -> None:
        row = INTAKES.get(writing, receipt.intake, lock=True)
        if (row.digest, row.report) != (receipt.digest, receipt.report) or (
            row.state is not IntakeState.RECEIVED
        ):
            raise ConflictError(
                f"{row.id} was examined again meanwhile",
                hint=f"strongroom intake show {row.id}",
            )
        INTAKES.replace(writing, row, state=IntakeState.WAITING, version=version.id)
        writing.append(_event("intake.sealed", actor, row.id, version))

    return Ending(state=VersionState.QUARANTINED, origin=receipt.intake, then=link)


def _event(kind: str, actor: Actor, intake: str, version: Version) -> Event:
    return actor.event(
        kind,
        {
            "intake": intake,
            "artifact": version.artifact,
            "version": version.number,
            "manifest": version.manifest_digest,
        },
    )
