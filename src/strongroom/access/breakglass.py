"""What was opened past the approvals, and the review that it owes.

    open ──accept──▶ accepted        after ``due_at`` an open one is overdue
      └───reject───▶ rejected ──resume──▶ resumed

A row lies below the account whose exposure grows.  While one is overdue or rejected,
policy gives that account nothing, in whatever session.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from strongroom.access.accounts import ACCOUNTS, Account
from strongroom.access.person_terms import BreakGlassTerms
from strongroom.access.tally import SignedAnswer
from strongroom.database import people_tables
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.database.times import format_time
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.types import AccountId, ArtifactId, PermitId, RequestId, TeamId


class GlassState(StrEnum):
    """Whether somebody else looked at it."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RESUMED = "resumed"


class NoticeState(StrEnum):
    """Whether people were told."""

    DUE = "due"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlass:
    """One permit that nobody agreed to beforehand.

    Attributes:
        id: Of the account that it counts for and the permit, with a ``/``.
        account: Whose exposure grows, and whose next use waits for the review.
        opener: Who asked: the account, or a service or agent of theirs.
        team: Of the opener at that time.
        due_at: When the review is overdue.
        reviewer: Who reviewed it; ``None`` while it is open.
    """

    id: str
    revision: int = 1
    account: AccountId
    opener: AccountId
    team: TeamId
    permit: PermitId
    opened_at: datetime
    due_at: datetime
    state: GlassState = GlassState.OPEN
    notice: NoticeState = NoticeState.DUE
    reviewer: AccountId | None = None
    reviewed_at: datetime | None = None

    def overdue(self, now: datetime) -> bool:
        """Return whether it is open at ``now`` for longer than it may be."""
        return self.state is GlassState.OPEN and now >= self.due_at


class Issued(NamedTuple):
    """What was issued past the approvals; the digest is that of the request."""

    permit: PermitId
    request: RequestId
    artifact: ArtifactId
    expires_at: datetime
    digest: str


BREAK_GLASS: GuardedTable[BreakGlass] = GuardedTable(
    people_tables.break_glass, BreakGlass
)


def opened_by(transaction: Transaction, account: Account) -> list[BreakGlass]:
    """Return every such opening of an account, none hidden; it locks the account.

    Raises:
        IntegrityError: A row was deleted, forged, altered or restored.
    """
    if isinstance(transaction, Writing):
        ACCOUNTS.get(transaction, account.counts_as, lock=True)
    return BREAK_GLASS.find_all(transaction, prefix=f"{account.counts_as}/")


class Owed(NamedTuple):
    """How many reviews of an account's openings stand between it and weights."""

    overdue: int
    rejected: int


def owed_reviews(transaction: Transaction, account: Account, now: datetime) -> Owed:
    """Return how many are overdue at ``now``, and how many were rejected.

    Raises:
        IntegrityError: A row was deleted, forged, altered or restored.
    """
    found = opened_by(transaction, account)
    return Owed(
        overdue=sum(glass.overdue(now) for glass in found),
        rejected=sum(glass.state is GlassState.REJECTED for glass in found),
    )


def record_break_glass(
    writing: Writing,
    account: Account,
    issued: Issued,
    *,
    terms: BreakGlassTerms,
    reason: str,
    signed: SignedAnswer | None = None,
) -> BreakGlass:
    """Record that a permit was issued past the approvals; it now owes a review.

    Policy allowed it in this transaction, which holds the account's lock.

    Args:
        writing: The open transaction.
        account: Who asked.
        issued: What for.
        terms: How soon it is reviewed.
        reason: Why it could not wait, for the erasable side table.
        signed: What the asker's passkey signed, if it did.
    """
    due_at = writing.now + terms.review_within
    glass = BREAK_GLASS.insert(
        writing,
        BreakGlass(
            id=f"{account.counts_as}/{issued.permit}",
            account=account.counts_as,
            opener=account.id,
            team=account.team,
            permit=issued.permit,
            opened_at=writing.now,
            due_at=due_at,
        ),
    )
    writing.append(
        Event(
            kind="breakglass.opened",
            actor=account.id,
            facts={
                "permit": issued.permit,
                "request": issued.request,
                "account": account.counts_as,
                "team": account.team,
                "artifact": issued.artifact,
                "expires": format_time(issued.expires_at),
                "due": format_time(due_at),
                "digest": issued.digest,
                "assertion": signed.facts() if signed else None,
            },
            private={"reason": reason},
        )
    )
    return glass
