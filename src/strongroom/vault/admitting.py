"""What becomes of an intake once its version is agreed to, or refused."""

from __future__ import annotations

from strongroom.access.request import Request
from strongroom.access.sessions import Actor
from strongroom.canonical import Json
from strongroom.intake.intakes import INTAKES, Intake, IntakeState
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.types import AccountId
from strongroom.vault.versions import Version

RECALLED = "recalled"
"""First word of why somebody has to look again at what was published."""

ADVISED = "advisory"
"""Likewise, at what nobody could ask for yet."""


def asked_for(version: Version, intake: Intake | None) -> dict[str, Json]:
    """Return what a request to publish freezes, so that it is for this state alone.

    Args:
        version: Pending; its revision tells one acceptance from a later one.
        intake: That it came through, if it came through one.
    """
    frozen: dict[str, Json] = {
        "version": version.id,
        "manifest": version.manifest_digest,
    }
    if intake is not None:
        frozen |= {
            "intake": intake.id,
            "report": intake.report,
            "review": list(intake.review),
            "revision": version.revision,
        }
    return frozen


def intake_of(writing: Writing, version: Version) -> Intake | None:
    """Return the locked intake that a version came through, if it came through one."""
    found = INTAKES.find(writing, INTAKES.columns.version == version.id, lock=True)
    return found[0] if found else None


def accepted(writing: Writing, version: Version, request: Request) -> bool:
    """Record that what came from outside is accepted; say if it was recalled before."""
    intake = intake_of(writing, version)
    if intake is None:
        return False
    INTAKES.replace(writing, intake, state=IntakeState.ACCEPTED, review=())
    writing.append(
        Event(
            kind="intake.accepted",
            actor=request.asker,
            facts={
                "intake": intake.id,
                "artifact": version.artifact,
                "version": version.number,
                "request": request.id,
            },
        )
    )
    return any(why.startswith(RECALLED) for why in intake.review)


def refused(
    writing: Writing,
    version: Version,
    *,
    by: Actor | AccountId,
    reason: str = "",
) -> None:
    """Record that what came from outside is refused, if the version did."""
    intake = intake_of(writing, version)
    if intake is None:
        return
    INTAKES.replace(writing, intake, state=IntakeState.REFUSED)
    writing.append(
        Event(
            kind="intake.refused",
            actor=by.account if isinstance(by, Actor) else by,
            session=by.session if isinstance(by, Actor) else None,
            facts={"intake": intake.id, "version": version.id},
            private={"reason": reason} if reason else {},
        )
    )
