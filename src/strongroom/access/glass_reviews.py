"""Reviewing what others opened past the approvals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import sqlalchemy as sa

from strongroom.access.accounts import ACCOUNTS
from strongroom.access.breakglass import BREAK_GLASS, BreakGlass, GlassState
from strongroom.access.gate import Gate, Wish
from strongroom.access.people import ROOM
from strongroom.access.policy import Allow, Resource
from strongroom.access.sessions import Actor, verify_actor
from strongroom.canonical import Json
from strongroom.database.engine import Transaction
from strongroom.errors import ConflictError, InputError, MissingError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.types import PermitId, check_says_which

REVIEW = "breakglass:review"
RESUME = "breakglass:resume"

Revoke: TypeAlias = Callable[[Writing, Actor, PermitId], object]
"""Ends a permit, in the transaction that found out why."""


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
    """Lists such openings, takes reviews, and lets people go on after a bad one."""

    def __init__(self, gate: Gate, *, revoke: Revoke) -> None:
        """Wire the shell; ``revoke`` ends a permit, and lies in a tier above."""
        self._gate = gate
        self._ledger = gate.ledger
        self._revoke = revoke

    def listed(self, actor: Actor, *, every: bool = False) -> list[Listed]:
        """Return the openings that wait for a review, or all; soonest due first.

        Whoever policy lets read the openings sees everybody's, others their own.
        """
        with self._ledger.reading() as reading:
            account = verify_actor(reading, actor, now=reading.now)
            columns = BREAK_GLASS.columns
            wish = Wish("openings:read", ROOM, {})
            decision = self._gate.decide(reading, account, actor, wish)
            theirs = (
                sa.true()
                if isinstance(decision, Allow)
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

        Accepted, the account's next use waits no longer.  Rejected, what is still in
        force of the permit is revoked, and policy keeps the account from weights until
        an administrator lets it go on; see ``resume``.

        Raises:
            InputError: Nothing is said about it.
            MissingError: There is no such opening.
            DeniedError: It is the actor's own, or of their team.
            ConflictError: It was reviewed already.
        """
        _check_said(text, "--accept TEXT, or --reject TEXT")
        with self._changing(actor, REVIEW, id_or_start) as (writing, found):
            if not accept:
                # Before the account is locked, as a release does it.
                self._revoke(writing, actor, found.permit)
            glass = self._allowed(writing, actor, REVIEW, found)
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
                _event(
                    "breakglass.reviewed",
                    actor,
                    glass,
                    text,
                    verdict=glass.state,
                    overdue=late,
                )
            )
            return glass

    def resume(self, actor: Actor, id_or_start: str, *, text: str) -> BreakGlass:
        """Let an account use weights again, whose opening was rejected.

        Raises:
            InputError: Nothing is said about it.
            MissingError: There is no such opening.
            DeniedError: It is the actor's own, or not theirs to say.
            ConflictError: Its review did not reject it.
        """
        _check_said(text, "--resume TEXT")
        with self._changing(actor, RESUME, id_or_start) as (writing, found):
            glass = self._allowed(writing, actor, RESUME, found)
            if glass.state is not GlassState.REJECTED:
                raise ConflictError(f"{glass.permit} is {glass.state}, not rejected")
            glass = BREAK_GLASS.replace(writing, glass, state=GlassState.RESUMED)
            writing.append(_event("breakglass.resumed", actor, glass, text))
            return glass

    @contextmanager
    def _changing(
        self, actor: Actor, action: str, id_or_start: str
    ) -> Iterator[tuple[Writing, BreakGlass]]:
        with (
            self._gate.recording_refusals(actor, action, id_or_start),
            self._ledger.transaction() as writing,
        ):
            yield writing, _find(writing, id_or_start)

    def _allowed(
        self, writing: Writing, actor: Actor, action: str, found: BreakGlass
    ) -> BreakGlass:
        """Return an opening, locked, that policy lets the actor decide about."""
        # Locked, since a decision about the account reads all below its id.
        ACCOUNTS.get(writing, found.account, lock=True)
        glass = BREAK_GLASS.get(writing, found.id, lock=True)
        opener = ACCOUNTS.get(writing, glass.opener)
        # Whoever changed teams since does not gain by it.
        for team in dict.fromkeys((glass.team, opener.team)):
            self._gate.require(
                writing,
                actor,
                action,
                Resource(kind="Permit", id=glass.permit),
                {
                    "asker": glass.opener,
                    "askerTeam": team,
                    "askerOwner": glass.account,
                },
            )
        return glass


def _check_said(text: str, hint: str) -> None:
    if not text.strip():
        raise InputError("a review says why", hint=hint)


def _event(
    kind: str, actor: Actor, glass: BreakGlass, text: str, **facts: Json
) -> Event:
    return actor.event(
        kind,
        {"permit": glass.permit, "account": glass.account, **facts},
        private={"text": text.strip()},
    )


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
