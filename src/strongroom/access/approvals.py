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
from strongroom.access import answers
from strongroom.access.accounts import ACCOUNTS, Account, AccountState
from strongroom.access.answers import Proof
from strongroom.access.assertions import parse_assertion
from strongroom.access.ceremonies import Ceremony
from strongroom.access.gate import Gate
from strongroom.access.passkeys import suspending
from strongroom.access.policy import Resource
from strongroom.access.quorum import Approved, Decision
from strongroom.access.request import (
    REQUEST_TTL,
    REQUESTS,
    Request,
    RequestState,
    find_request,
    request_digest,
)
from strongroom.access.sessions import Actor, verify_actor
from strongroom.access.terms import AdministrationTerms
from strongroom.database.times import format_time
from strongroom.errors import ConflictError, DeniedError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.types import Random, RequestId, new_id

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

    def begin_approval(self, actor: Actor, request_id: str) -> Ceremony:
        """Ask the actor's passkey to sign an approval.

        Its challenge is the approval itself: nothing is stored, and what comes back
        is good for nothing else.

        Raises:
            MissingError: There is no such request.
            DeniedError: The session ended, or the account has no passkey.
            SetupError: The room has no passkeys.
        """
        party = self._gate.require_party()
        with self._ledger.reading() as reading:
            account = verify_actor(reading, actor, now=reading.now)
            request = find_request(reading, request_id)
            return answers.question(reading, account, request, party=party)

    def approve(
        self, actor: Actor, request_id: str, *, signed: str | None = None
    ) -> Request:
        """Agree to a request; the last approval carries it out.

        Args:
            actor: Who agrees.
            request_id: Of the request, or its start.
            signed: ``AuthenticationResponseJSON`` to ``begin_approval``; ``None``
                leaves the approval to the desk's word.

        Raises:
            InputError: What was signed is not understood.
            DeniedError: The actor may not approve this one, or the signature is
                for something else.
            CounterError: The passkey may have a copy; it is suspended.
            ConflictError: It is decided already, or this person answered.
        """
        assertion = parse_assertion(signed) if signed is not None else None
        with (
            self._gate.recording_refusals(actor, "request:approve", request_id),
            suspending(self._ledger),
            self._ledger.transaction() as writing,
        ):
            request = self._pending(writing, request_id)
            proof = answers.prove(
                writing, actor, request, assertion, party=self._gate.party
            )
            account = self._require(
                writing, actor, "request:approve", request, proof.facts()
            )
            approval = answers.record(
                writing,
                account,
                request,
                Decision.APPROVE,
                proof,
                random=self._random,
            )
            writing.append(answers.approved(actor, request, approval, proof))
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
            answers.record(
                writing,
                account,
                request,
                Decision.DECLINE,
                Proof.of_session(actor),
                random=self._random,
            )
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
            raise ConflictError(
                f"{request.id} is {request.state} already",
                hint=f"strongroom requests {request.id}",
            )
        if writing.now >= request.expires_at:
            raise ConflictError(f"{request.id} has expired", hint="ask again")
        return request

    def _require(
        self,
        writing: Writing,
        actor: Actor,
        action: str,
        request: Request,
        facts: Mapping[str, object] | None = None,
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
                **(facts or {}),
            },
        )

    def _undo(self, writing: Writing, request: Request) -> None:
        """Let go of what was kept ready for a request that is refused."""
        if request.action in self.on_refusal:
            self.on_refusal[request.action](writing, request)

    def _carry_out_if_agreed(self, writing: Writing, request: Request) -> Request:
        if not isinstance(self._gate.tally(writing, request), Approved):
            return request
        asker = ACCOUNTS.get(writing, request.asker)
        if asker.state is not AccountState.ACTIVE:
            raise DeniedError(
                f"{asker.name}, who asked, is {asker.state}", hint="decline it"
            )
        request = REQUESTS.replace(writing, request, state=RequestState.APPROVED)
        self.executors[request.action](writing, request)
        return request
