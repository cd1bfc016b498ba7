"""Reviewing what others opened past the approvals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from strongroom.access.accounts import ACCOUNTS
from strongroom.access.breakglass import BREAK_GLASS, BreakGlass, GlassState
from strongroom.access.gate import Gate
from strongroom.access.policy import Resource
from strongroom.access.sessions import Actor, verify_actor
from strongroom.database.engine import Transaction
from strongroom.errors import ConflictError, InputError, MissingError
from strongroom.ledger.events import Event
from strongroom.types import Role, check_says_which

ACTION = "breakglass:review"
_SEE_ALL = frozenset({Role.APPROVER, Role.ADMINISTRATOR, Role.AUDITOR, Role.ANALYST})


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An opening past the approvals as people list it.

    Attributes:
        opener: Name of who asked.
        reviewer: Name of who reviewed it, if anybody did.
        overdue: Whether its review is.
    """

    glass: BreakGlass
    opener: str
    reviewer: str | None
    overdue: bool


class GlassReviews:
    """Lists such openings and takes reviews."""

    def __init__(self, gate: Gate) -> None:
        """Wire the shell."""
        self._gate = gate
        self._ledger = gate.ledger

    def listed(self, actor: Actor, *, every: bool = False) -> list[Listed]:
        """Return the openings that wait for a review, or all; soonest due first.

        Whoever reviews, administers, audits or watches sees everybody's, others
        their own.
        """
        with self._ledger.reading() as reading:
            account = verify_actor(reading, actor, now=reading.now)
            columns = BREAK_GLASS.columns
            theirs = (
                sa.true()
                if _SEE_ALL & set(account.roles)
                else columns.account == account.counts_as
            )
            where = sa.true() if every else columns.state == GlassState.OPEN
            rows = BREAK_GLASS.find(reading, theirs, where)
            found = [_listed(reading, row, now=reading.now) for row in rows]
        return sorted(found, key=lambda one: one.glass.due_at)

    def review(
        self, actor: Actor, id_or_start: str, *, accept: bool, text: str
    ) -> BreakGlass:
        """Say whether an opening past the approvals was right; late is better than not.

        Accepted or rejected, the account's next use waits no longer: what follows
        from a rejection is for people, such as suspending the account.

        Raises:
            InputError: Nothing is said about it.
            MissingError: There is no such opening.
            DeniedError: It is the actor's own, or of their team.
            ConflictError: It was reviewed already.
        """
        if not text.strip():
            raise InputError(
                "a review says why", hint="--accept TEXT, or --reject TEXT"
            )
        with (
            self._gate.recording_refusals(actor, ACTION, id_or_start),
            self._ledger.transaction() as writing,
        ):
            found = _find(writing, id_or_start)
            # Locked, since a decision about the account reads all below its id.
            ACCOUNTS.get(writing, found.account, lock=True)
            glass = BREAK_GLASS.get(writing, found.id, lock=True)
            opener = ACCOUNTS.get(writing, glass.opener)
            # Whoever changed teams since does not gain by it.
            for team in dict.fromkeys((glass.team, opener.team)):
                self._gate.require(
                    writing,
                    actor,
                    ACTION,
                    Resource(kind="Permit", id=glass.permit),
                    {
                        "asker": glass.opener,
                        "askerTeam": team,
                        "askerOwner": glass.account,
                    },
                )
            if glass.state is not GlassState.OPEN:
                raise ConflictError(f"{glass.permit} is {glass.state} already")
            late = glass.overdue(writing.now)
            glass = BREAK_GLASS.replace(
                writing,
                glass,
                state=GlassState.ACCEPTED if accept else GlassState.REJECTED,
                reviewer=actor.account,
                reviewed_at=writing.now,
            )
            writing.append(
                Event(
                    kind="breakglass.reviewed",
                    actor=actor.account,
                    session=actor.session,
                    facts={
                        "permit": glass.permit,
                        "account": glass.account,
                        "verdict": glass.state,
                        "overdue": late,
                    },
                    private={"text": text.strip()},
                )
            )
            return glass


def _find(transaction: Transaction, id_or_start: str) -> BreakGlass:
    """Return the opening of this permit, or of the only one that starts like this.

    Raises:
        MissingError: None or several do.
        InputError: It is too short to name one.
    """
    check_says_which(id_or_start, "permit")
    column = BREAK_GLASS.columns.permit
    found = BREAK_GLASS.find(
        transaction,
        sa.or_(
            column.startswith(id_or_start, autoescape=True),
            column.startswith(f"permit-{id_or_start}", autoescape=True),
        ),
    )
    if len(found) != 1:
        raise MissingError(
            f"{len(found) or 'no'} openings past the approvals start with"
            f" {id_or_start[:80]!r}",
            hint="strongroom review breakglass",
        )
    return found[0]


def _listed(transaction: Transaction, glass: BreakGlass, *, now: datetime) -> Listed:
    reviewer = glass.reviewer
    return Listed(
        glass=glass,
        opener=ACCOUNTS.get(transaction, glass.opener).name,
        reviewer=ACCOUNTS.get(transaction, reviewer).name if reviewer else None,
        overdue=glass.overdue(now),
    )
