"""One mechanism for everything that others have to agree to.

A request freezes what is asked for and the digest of it; an approval binds to
that digest.  When enough people of enough other teams agreed, the action is
carried out in the same commit as the last approval.

    pending ──approve──▶ approved (carried out)
       ├────decline────▶ declined
       ├────withdraw───▶ withdrawn
       └────time───────▶ expired
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from strongroom import canonical
from strongroom.access.accounts import ACCOUNTS, Account, AccountState
from strongroom.access.gate import Gate
from strongroom.access.policy import Resource
from strongroom.access.quorum import (
    Approved,
    Decision,
)
from strongroom.access.request import (
    APPROVALS,
    REQUEST_TTL,
    REQUESTS,
    Approval,
    Request,
    RequestState,
    find_request,
    request_digest,
    tally,
    valid_until,
)
from strongroom.access.sessions import Actor
from strongroom.access.terms import AdministrationTerms
from strongroom.database.times import format_time
from strongroom.errors import ConflictError, DeniedError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.types import (
    ApprovalId,
    Random,
    RequestId,
    new_id,
)

_SALT_BYTES = 32


Executor: TypeAlias = Callable[[Writing, Request], None]
"""Carries an approved request out, in the transaction that approved it."""


class Approvals:
    """Takes requests and answers, and carries out what was agreed."""

    def __init__(self, gate: Gate, *, random: Random) -> None:
        """Wire the shell; ``executors`` are added by ``app``."""
        self._gate = gate
        self._ledger = gate.ledger
        self._random = random
        self.executors: dict[str, Executor] = {}
        self.on_refusal: dict[str, Executor] = {}
        self.afterwards: dict[str, Callable[[], None]] = {}

    def ask(
        self,
        writing: Writing,
        actor: Actor,
        asker: Account,
        action: str,
        payload: Mapping[str, canonical.Json],
        *,
        terms: AdministrationTerms,
        private: Mapping[str, str] | None = None,
    ) -> Request:
        """Record a request; carry it out at once if nobody has to agree.

        The caller asked policy whether this may be asked for at all.

        Args:
            writing: The open transaction.
            actor: Who asks.
            asker: Their account, as read in ``writing``.
            action: What is to be done, a key of ``executors``.
            payload: What exactly; frozen.
            terms: How many have to agree.
            private: Free text for the erasable side table of the ledger.
        """
        request_id = RequestId(new_id("request", self._random))
        salt = self._random(_SALT_BYTES).hex()
        body = canonical.to_json({"salt": salt, "payload": payload})
        request = Request(
            id=request_id,
            action=action,
            asker=asker.id,
            asker_team=asker.team,
            body=body.decode(),
            digest=request_digest(request_id, action, asker.id, body),
            approvals=terms.approvals,
            distinct_teams=terms.distinct_teams,
            state=RequestState.PENDING,
            created_at=writing.now,
            expires_at=writing.now + REQUEST_TTL,
        )
        REQUESTS.insert(writing, request)
        writing.append(
            Event(
                kind="request.created",
                actor=actor.account,
                session=actor.session,
                facts={
                    "request": request.id,
                    "action": action,
                    "digest": request.digest,
                    "approvals": request.approvals,
                    "teams": request.distinct_teams,
                    "expires": format_time(request.expires_at),
                },
                private=private or {},
            )
        )
        return self._carry_out_if_agreed(writing, request)

    def approve(self, actor: Actor, request_id: str) -> Request:
        """Agree to a request; the last approval carries it out.

        Raises:
            DeniedError: The actor may not approve this one.
            ConflictError: It is decided already, or this person answered.
        """
        with (
            self._gate.recording_refusals(actor, "request:approve", request_id),
            self._ledger.transaction() as writing,
        ):
            request = self._pending(writing, request_id)
            account = self._require(writing, actor, "request:approve", request)
            approval = self._answer(writing, actor, account, request, Decision.APPROVE)
            writing.append(
                Event(
                    kind="request.approved",
                    actor=actor.account,
                    session=actor.session,
                    facts={
                        "request": request.id,
                        "approval": approval.id,
                        "digest": request.digest,
                        "team": account.team,
                        "factor": actor.factor,
                        "valid_until": format_time(approval.valid_until),
                    },
                )
            )
            request = self._carry_out_if_agreed(writing, request)
        self.after_commit(request)
        return request

    def after_commit(self, request: Request) -> None:
        """Do what must wait until the action that was carried out is committed."""
        if request.state is RequestState.APPROVED and request.action in self.afterwards:
            self.afterwards[request.action]()

    def decline(self, actor: Actor, request_id: str, *, reason: str = "") -> Request:
        """Refuse a request for good.

        Raises:
            DeniedError: The actor may not decide this one.
            ConflictError: It is decided already.
        """
        with (
            self._gate.recording_refusals(actor, "request:decline", request_id),
            self._ledger.transaction() as writing,
        ):
            request = self._pending(writing, request_id)
            account = self._require(writing, actor, "request:decline", request)
            self._answer(writing, actor, account, request, Decision.DECLINE)
            request = REQUESTS.replace(writing, request, state=RequestState.DECLINED)
            writing.append(
                Event(
                    kind="request.declined",
                    actor=actor.account,
                    session=actor.session,
                    facts={"request": request.id, "digest": request.digest},
                    private={"reason": reason} if reason else {},
                )
            )
            self._undo(writing, request)
            return request

    def withdraw(self, actor: Actor, request_id: str) -> Request:
        """Take one's own request back.

        Raises:
            DeniedError: It is somebody else's.
            ConflictError: It is decided already.
        """
        with (
            self._gate.recording_refusals(actor, "request:withdraw", request_id),
            self._ledger.transaction() as writing,
        ):
            request = self._pending(writing, request_id)
            self._require(writing, actor, "request:withdraw", request)
            request = REQUESTS.replace(writing, request, state=RequestState.WITHDRAWN)
            writing.append(
                Event(
                    kind="request.withdrawn",
                    actor=actor.account,
                    session=actor.session,
                    facts={"request": request.id},
                )
            )
            self._undo(writing, request)
            return request

    def _pending(self, writing: Writing, request_id: str) -> Request:
        request = find_request(writing, request_id, lock=True)
        if request.state is not RequestState.PENDING:
            raise ConflictError(f"{request.id} is {request.state} already")
        if writing.now >= request.expires_at:
            raise ConflictError(f"{request.id} has expired", hint="ask again")
        return request

    def _require(
        self, writing: Writing, actor: Actor, action: str, request: Request
    ) -> Account:
        asker = ACCOUNTS.get(writing, request.asker)
        return self._gate.require(
            writing,
            actor,
            action,
            Resource(kind="Request", id=request.id),
            {
                "asker": request.asker,
                "askerTeam": request.asker_team,
                "askerOwner": asker.counts_as,
            },
        )

    def _answer(
        self,
        writing: Writing,
        actor: Actor,
        account: Account,
        request: Request,
        decision: Decision,
    ) -> Approval:
        earlier = APPROVALS.find(
            writing,
            APPROVALS.columns.request == request.id,
            APPROVALS.columns.approver == account.id,
        )
        if earlier:
            raise ConflictError(f"{account.name} answered {request.id} already")
        return APPROVALS.insert(
            writing,
            Approval(
                id=ApprovalId(new_id("approval", self._random)),
                request=request.id,
                digest=request.digest,
                approver=account.id,
                team=account.team,
                decision=decision,
                factor=actor.factor,
                factor_at=actor.factor_at,
                at=writing.now,
                valid_until=valid_until(request),
            ),
        )

    def _undo(self, writing: Writing, request: Request) -> None:
        """Let go of what was kept ready for a request that is refused."""
        if request.action in self.on_refusal:
            self.on_refusal[request.action](writing, request)

    def _carry_out_if_agreed(self, writing: Writing, request: Request) -> Request:
        if not isinstance(tally(writing, request, now=writing.now), Approved):
            return request
        asker = ACCOUNTS.get(writing, request.asker)
        if asker.state is not AccountState.ACTIVE:
            raise DeniedError(
                f"{asker.name}, who asked, is {asker.state}", hint="decline it"
            )
        request = REQUESTS.replace(writing, request, state=RequestState.APPROVED)
        self.executors[request.action](writing, request)
        return request
