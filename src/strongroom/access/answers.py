"""One person's answer to a request, and how they proved that it is theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from strongroom.access import ceremonies, passkeys
from strongroom.access.accounts import ACCOUNTS, Account
from strongroom.access.assertions import Assertion
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
from strongroom.access.tally import SIGNED, Said, SignedAnswer
from strongroom.database.engine import Transaction
from strongroom.errors import ConflictError, DeniedError, SetupError
from strongroom.ledger.log import Writing
from strongroom.settings import RelyingParty
from strongroom.types import ApprovalId, Factor, Random, RequestId, new_id


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

    def answer(self, of: ApprovalId | RequestId) -> SignedAnswer | None:
        """Return what was signed as a row of this id; ``None`` if nobody signed."""
        if self.passkey is None or self.assertion is None:
            return None
        return SignedAnswer(
            id=of,
            passkey=self.passkey.id,
            authenticator_data=self.assertion.authenticator_data,
            client_data=self.assertion.client_data,
            signature=self.assertion.signature,
        )


def question(transaction: Transaction, said: Said, *, party: RelyingParty) -> Ceremony:
    """Return what a passkey has to sign, so that it says exactly this.

    Raises:
        DeniedError: The account has no passkey.
    """
    known = [key.credential for key in passkeys.active_passkeys(transaction, said.by)]
    if not known:
        raise DeniedError(
            "the account has no passkey", hint="strongroom account passkey add"
        )
    options = ceremonies.request_options(
        challenge=said.challenge, party=party, known=known
    )
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
    said = Said(request, Decision.APPROVE, actor.account)
    return signed(writing, said, assertion, party=party)


def signed(
    writing: Writing, said: Said, assertion: Assertion, *, party: RelyingParty | None
) -> Proof:
    """Return the signature as the proof that somebody says this.

    Raises:
        DeniedError: It does not verify, or is by another passkey.
        CounterError: The passkey may have a copy.
        SetupError: The room has no passkeys.
    """
    if party is None:
        raise SetupError("room.toml does not say where passkeys work")
    ACCOUNTS.get(writing, said.by, lock=True)
    passkey = passkeys.accept(
        writing, said.by, assertion, challenge=said.challenge, party=party
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
    answer = proof.answer(approval.id)
    if answer is not None:
        SIGNED.insert(writing, answer)
    return approval
