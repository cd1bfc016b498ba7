"""The entries about a request: asked, agreed to, declined, taken back."""

from __future__ import annotations

from collections.abc import Mapping

from strongroom.access.request import Approval, Request
from strongroom.access.sessions import Actor
from strongroom.access.tally import SignedAnswer
from strongroom.database.times import format_time
from strongroom.ledger.events import Event


def created(actor: Actor, request: Request, private: Mapping[str, str]) -> Event:
    """Return the entry for a request; its free text can be erased."""
    return actor.event(
        "request.created",
        {
            "request": request.id,
            "action": request.action,
            "digest": request.digest,
            "approvals": request.approvals,
            "teams": request.distinct_teams,
            "expires": format_time(request.expires_at),
        },
        private=private,
    )


def approved(
    actor: Actor, request: Request, approval: Approval, signed: SignedAnswer | None
) -> Event:
    """Return the entry for an approval; it carries all that an outsider verifies."""
    return actor.event(
        "request.approved",
        {
            "request": request.id,
            "approval": approval.id,
            "digest": request.digest,
            "team": approval.team,
            "factor": approval.factor,
            "valid_until": format_time(approval.valid_until),
            "assertion": signed.facts() if signed else None,
        },
    )


def declined(actor: Actor, request: Request, reason: str) -> Event:
    """Return the entry for a request that was refused; the reason can be erased."""
    return actor.event(
        "request.declined",
        {"request": request.id, "digest": request.digest},
        private={"reason": reason} if reason else {},
    )


def withdrawn(actor: Actor, request: Request) -> Event:
    """Return the entry for a request that its asker took back."""
    return actor.event("request.withdrawn", {"request": request.id})
