"""One person's answer to a request, and how they proved that it is theirs."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime

from strongroom.access import ceremonies, passkeys
from strongroom.access.accounts import ACCOUNTS, Account
from strongroom.access.assertions import Assertion, approval_challenge
from strongroom.access.ceremonies import Ceremony
from strongroom.access.passkeys import Passkey
from strongroom.access.quorum import Decision
from strongroom.access.request import (
    APPROVALS,
    Approval,
    Request,
    valid_until,
)
from strongroom.access.sessions import Actor
from strongroom.access.tally import SIGNED, SignedAnswer
from strongroom.canonical import Json
from strongroom.database.engine import Transaction
from strongroom.database.times import format_time
from strongroom.errors import ConflictError, DeniedError, SetupError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.settings import RelyingParty
from strongroom.types import ApprovalId, Factor, Random, new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How an answer was proved.

    Attributes:
        factor: The strongest proof.
        factor_at: When it was given; ``None`` without a second factor.
        passkey: Whose signature the assertion is; ``None`` if nobody signed.
        assertion: What was signed.
    """

    factor: Factor
    factor_at: datetime | None
    passkey: Passkey | None = None
    assertion: Assertion | None = None

    @classmethod
    def of_session(cls, actor: Actor) -> Proof:
        """Return what the session proved."""
        return cls(factor=actor.factor, factor_at=actor.factor_at)

    def facts(self) -> dict[str, object]:
        """Return what policy reads about it; a signature is a factor of now."""
        facts: dict[str, object] = {"signed": self.assertion is not None}
        if self.assertion is not None:
            facts["factor"] = {"kind": str(self.factor), "at": self.factor_at}
        return facts


def question(
    transaction: Transaction, account: Account, request: Request, *, party: RelyingParty
) -> Ceremony:
    """Return what a passkey has to sign, so that it approves exactly this.

    Raises:
        DeniedError: The account has no passkey.
    """
    known = [
        key.credential for key in passkeys.active_passkeys(transaction, account.id)
    ]
    if not known:
        raise DeniedError(
            "the account has no passkey", hint="strongroom account passkey add"
        )
    challenge = approval_challenge(
        request.id, request.digest, Decision.APPROVE, account.id
    )
    options = ceremonies.request_options(challenge=challenge, party=party, known=known)
    return Ceremony(challenge="", options=options)


def prove(
    writing: Writing,
    actor: Actor,
    request: Request,
    assertion: Assertion | None,
    *,
    party: RelyingParty | None,
) -> Proof:
    """Return the proof of an approval: the signature if there is one.

    Raises:
        DeniedError: The signature does not verify, or is by another passkey.
        CounterError: The passkey may have a copy.
        SetupError: The room has no passkeys.
    """
    if assertion is None:
        return Proof.of_session(actor)
    if party is None:
        raise SetupError("room.toml does not say where passkeys work")
    ACCOUNTS.get(writing, actor.account, lock=True)
    passkey = passkeys.accept(
        writing,
        actor.account,
        assertion,
        challenge=approval_challenge(
            request.id, request.digest, Decision.APPROVE, actor.account
        ),
        party=party,
    )
    return Proof(
        factor=Factor.PASSKEY,
        factor_at=writing.now,
        passkey=passkey,
        assertion=assertion,
    )


def record(
    writing: Writing,
    account: Account,
    request: Request,
    decision: Decision,
    proof: Proof,
    *,
    random: Random,
) -> Approval:
    """Store an answer and what was signed; the caller appends the entry.

    Raises:
        ConflictError: This person answered before.
    """
    earlier = APPROVALS.find(
        writing,
        APPROVALS.columns.request == request.id,
        APPROVALS.columns.approver == account.id,
    )
    if earlier:
        raise ConflictError(f"{account.name} answered {request.id} already")
    approval = APPROVALS.insert(
        writing,
        Approval(
            id=ApprovalId(new_id("approval", random)),
            request=request.id,
            digest=request.digest,
            approver=account.id,
            team=account.team,
            decision=decision,
            factor=proof.factor,
            factor_at=proof.factor_at,
            at=writing.now,
            valid_until=valid_until(request),
        ),
    )
    if proof.passkey is not None and proof.assertion is not None:
        SIGNED.insert(
            writing,
            SignedAnswer(
                id=approval.id,
                passkey=proof.passkey.id,
                authenticator_data=proof.assertion.authenticator_data,
                client_data=proof.assertion.client_data,
                signature=proof.assertion.signature,
            ),
        )
    return approval


def approved(actor: Actor, request: Request, approval: Approval, proof: Proof) -> Event:
    """Return the entry for an approval; it carries all that an outsider verifies."""
    return Event(
        kind="request.approved",
        actor=actor.account,
        session=actor.session,
        facts={
            "request": request.id,
            "approval": approval.id,
            "digest": request.digest,
            "team": approval.team,
            "factor": proof.factor,
            "valid_until": format_time(approval.valid_until),
            "assertion": _assertion(proof),
        },
    )


def _assertion(proof: Proof) -> list[Json] | None:
    """Return passkey, authenticator data, client data and signature, as texts."""
    if proof.passkey is None or proof.assertion is None:
        return None
    signed = proof.assertion
    parts = (signed.authenticator_data, signed.client_data, signed.signature)
    return [proof.passkey.name, *(base64.b64encode(p).decode() for p in parts)]
