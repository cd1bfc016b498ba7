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
from strongroom.access import answers, glass_signatures, request_entries
from strongroom.access.accounts import ACCOUNTS, Account, AccountState
from strongroom.access.answers import Proof
from strongroom.access.assertions import Assertion, parse_assertion
from strongroom.access.ceremonies import Ceremony
from strongroom.access.challenges import CHALLENGE_TTL
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
    pending_request,
    request_digest,
)
from strongroom.access.sessions import Actor, verify_actor
from strongroom.access.tally import Said
from strongroom.access.terms import AdministrationTerms
from strongroom.errors import ConflictError, DeniedError
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
        to_sign: bool = False,
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
            to_sign: Whether it waits for the asker's own signature, for five minutes.
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
            expires_at=writing.now + (CHALLENGE_TTL if to_sign else REQUEST_TTL),
        )
        REQUESTS.insert(writing, request)
        writing.append(request_entries.created(actor, request, private or {}))
        if to_sign:
            return request
        return self._carry_out_if_agreed(writing, request)

    def sign(
        self, writing: Writing, actor: Actor, request_id: str, assertion: Assertion
    ) -> Request:
        """Take the asker's signature that it cannot wait for others; carry it out.

        Raises:
            MissingError: There is no such request.
            ConflictError: Others have to agree to it, or it is decided already.
            DeniedError: It is somebody else's, the signature is for something else,
                or policy refuses.
            CounterError: The passkey may have a copy; see ``suspending``.
        """
        account = verify_actor(writing, actor, now=writing.now)
        request = pending_request(writing, request_id)
        if request.asker != account.id:
            raise DeniedError("only the one who asked signs why it cannot wait")
        if request.approvals:
            raise ConflictError(
                f"{request.id} waits for others, not for a signature of yours",
                hint=f"somebody else types: strongroom approve {request.id}",
            )
        glass_signatures.sign(writing, request, assertion, party=self._gate.party)
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
            said = Said(request, Decision.APPROVE, account.id)
            return answers.question(reading, said, party=party)

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
            request = pending_request(writing, request_id)
            if not request.approvals:
                raise ConflictError(f"{request.id} waits for its asker's signature")
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
            answer = proof.answer(approval.id)
            writing.append(request_entries.approved(actor, request, approval, answer))
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
            request = pending_request(writing, request_id)
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
            writing.append(request_entries.declined(actor, request, reason))
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
            request = pending_request(writing, request_id)
            self._require(writing, actor, "request:withdraw", request)
            request = REQUESTS.replace(writing, request, state=RequestState.WITHDRAWN)
            writing.append(request_entries.withdrawn(actor, request))
            self._undo(writing, request)
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
