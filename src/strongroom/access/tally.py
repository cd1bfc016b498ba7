"""Counts the answers to a request, each verified again."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from strongroom.access.accounts import ACCOUNTS, AccountState
from strongroom.access.assertions import (
    Assertion,
    Word,
    approval_challenge,
    verify_assertion,
)
from strongroom.access.passkeys import PASSKEYS, Passkey, PasskeyState
from strongroom.access.quorum import Decision, Tally, Vote, decide_quorum
from strongroom.access.request import APPROVALS, Approval, Request
from strongroom.canonical import Json
from strongroom.database import passkey_tables
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.errors import DeniedError, IntegrityError
from strongroom.settings import RelyingParty
from strongroom.types import AccountId, ApprovalId, Factor, RequestId, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """What counts as an answer, in the profile of a room.

    Attributes:
        party: Where passkeys work; ``None`` if the room has none.
        signed_only: Whether an approval counts only if its approver signed it.
        own_team_counts: Whether somebody of the asker's team may approve.
    """

    party: RelyingParty | None
    signed_only: bool
    own_team_counts: bool


class Said(NamedTuple):
    """What somebody says about a request."""

    request: Request
    word: Word
    by: AccountId

    @property
    def challenge(self) -> bytes:
        """What their passkey signs, 32 bytes."""
        return approval_challenge(
            self.request.id, self.request.digest, self.word, self.by
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAnswer:
    """What somebody's passkey signed.

    Attributes:
        id: Of the approval; of the request where its asker goes past approvals.
    """

    id: ApprovalId | RequestId
    revision: int = 1
    passkey: str
    authenticator_data: bytes
    client_data: bytes
    signature: bytes

    def facts(self) -> list[Json]:
        """Return passkey, authenticator data, client data and signature, as texts."""
        parts = (self.authenticator_data, self.client_data, self.signature)
        name = self.passkey.rpartition("/")[2]
        return [name, *(base64.b64encode(part).decode() for part in parts)]


SIGNED: GuardedTable[SignedAnswer] = GuardedTable(
    passkey_tables.assertions, SignedAnswer
)


def tally(
    transaction: Transaction, request: Request, *, now: datetime, counting: Counting
) -> Tally:
    """Return where the verified answers to a request leave it at ``now``.

    Args:
        transaction: Where to look.
        request: As it stands now.
        now: Time of the decision, aware UTC.
        counting: What counts.

    Raises:
        IntegrityError: An answer was forged, altered, restored, or lost its
            signature.
    """
    answers = [
        answer
        for answer in APPROVALS.find(
            transaction, APPROVALS.columns.request == request.id
        )
        if _counts(transaction, request, answer, counting)
    ]
    # Whoever moved to an approver's team since asking does not gain by it.
    asker = ACCOUNTS.get(transaction, request.asker)
    rule = request.rule
    if not (counting.own_team_counts and request.distinct_teams == 0):
        teams = {request.asker_team, asker.team}
        rule = replace(rule, excluded_teams=rule.excluded_teams | teams)
    votes = [
        Vote(
            approver=a.approver,
            team=a.team,
            digest=a.digest,
            at=a.at,
            valid_until=a.valid_until,
            decision=a.decision,
            factor_at=a.factor_at,
        )
        for a in answers
    ]
    return decide_quorum(rule, votes, digest=request.digest, now=now)


def _counts(
    transaction: Transaction, request: Request, answer: Approval, counting: Counting
) -> bool:
    """Return whether an answer is worth anything: a decline always is."""
    if answer.decision is Decision.DECLINE:
        return True
    # An approval does not outlive being an approver.
    account = ACCOUNTS.get(transaction, answer.approver)
    if account.state is not AccountState.ACTIVE or Role.APPROVER not in account.roles:
        return False
    if answer.factor is not Factor.PASSKEY:
        return not counting.signed_only
    found = SIGNED.find(transaction, SIGNED.columns.id == answer.id)
    if not found:
        raise IntegrityError(
            f"the signature of {answer.id} was deleted",
            hint="strongroom ledger verify names every deleted row",
        )
    said = Said(request, answer.decision, answer.approver)
    return is_by(transaction, found[0], said, party=counting.party)


def is_by(
    transaction: Transaction,
    signed: SignedAnswer,
    said: Said,
    *,
    party: RelyingParty | None,
) -> bool:
    """Return whether the signer's own passkey, if it still counts, signed this."""
    passkey = PASSKEYS.get(transaction, signed.passkey)
    if passkey.state is not PasskeyState.ACTIVE or passkey.account != said.by:
        return False
    try:
        _verify(signed, passkey, said, party)
    except DeniedError:
        return False
    return True


def _verify(
    signed: SignedAnswer,
    passkey: Passkey,
    said: Said,
    party: RelyingParty | None,
) -> None:
    if party is None:
        raise DeniedError("the room has no passkeys")
    verify_assertion(
        Assertion(
            credential=passkey.credential,
            authenticator_data=signed.authenticator_data,
            client_data=signed.client_data,
            signature=signed.signature,
        ),
        public_key=passkey.public_key,
        challenge=said.challenge,
        party=party,
    )
