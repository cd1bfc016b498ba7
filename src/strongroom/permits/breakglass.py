"""Permits that nobody agreed to beforehand: what is asked of them, and who is told.

Only the count of approvals, and of their teams, is lifted.  Caps, purpose, second
factor, membership, revocation and the rule about whole models stay in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from strongroom import canonical
from strongroom.access.accounts import ACCOUNTS, Account, AccountState
from strongroom.access.breakglass import (
    BREAK_GLASS,
    Issued,
    NoticeState,
    opened_by,
    record_break_glass,
)
from strongroom.access.gate import Gate
from strongroom.access.glass_signatures import is_signed, signature_of
from strongroom.access.projects import owners
from strongroom.access.request import Request
from strongroom.access.sessions import Actor
from strongroom.access.telling import Message, Tell, Told, record_told, tell_each
from strongroom.access.terms import Terms, TermsTable
from strongroom.database.engine import Transaction
from strongroom.errors import SetupError
from strongroom.ledger.log import Ledger, Writing
from strongroom.permits.drafts import RequestDraft, stored_number
from strongroom.permits.permit import Permit, PermitRow
from strongroom.types import ArtifactId
from strongroom.vault.versions import ARTIFACTS, Artifact

Payload = Mapping[str, canonical.Json]


def asked_terms(terms: Terms, draft: RequestDraft) -> Terms:
    """Return how many have to agree to a draft: nobody, past the approvals."""
    if draft.break_glass is None:
        return terms
    return replace(terms, approvals=0, distinct_teams=0)


def asked_facts(terms: TermsTable, draft: RequestDraft) -> dict[str, object]:
    """Return what policy reads of a draft that goes past the approvals.

    Nobody can have signed it yet.
    """
    if draft.break_glass is None:
        return {}
    reason = bool(draft.break_glass.strip())
    return _facts(terms, lasts=draft.duration, reason=reason, signed=False)


def is_past_approvals(payload: Payload) -> bool:
    """Return whether a request goes past the approvals."""
    return payload.get("break_glass") is True


def issued_facts(
    writing: Writing, gate: Gate, request: Request, payload: Payload
) -> dict[str, object]:
    """Return what policy reads of a request that goes past the approvals.

    Raises:
        IntegrityError: A row was deleted, forged, altered or restored.
    """
    if not is_past_approvals(payload):
        return {}
    return _facts(
        gate.terms,
        lasts=timedelta(seconds=stored_number(payload["seconds"])),
        reason=bool(_reason(payload)),
        signed=is_signed(writing, request, party=gate.party),
    )


def used_facts(
    writing: Writing, gate: Gate, request: Request, permit: Permit
) -> dict[str, object]:
    """Return what policy reads of a permit that was issued past the approvals.

    A permit whose row was removed is one without approvals; the signature is
    verified again.

    Raises:
        IntegrityError: A row was deleted, forged, altered or restored.
    """
    account = ACCOUNTS.get(writing, permit.account)
    if permit.id not in {glass.permit for glass in opened_by(writing, account)}:
        return {}
    return _facts(
        gate.terms,
        lasts=permit.expires_at - permit.not_before,
        reason=True,
        signed=is_signed(writing, request, party=gate.party),
    )


def record_issued(
    writing: Writing,
    account: Account,
    permit: Permit,
    request: Request,
    terms: TermsTable,
) -> None:
    """Record that a permit was issued past the approvals, and the review it owes.

    Raises:
        SetupError: The terms know no break-glass; policy refused it before.
    """
    if terms.break_glass is None:
        raise SetupError("the terms know no break-glass, and a rule allows it")
    record_break_glass(
        writing,
        account,
        Issued(
            permit.id, request.id, permit.artifact, permit.expires_at, request.digest
        ),
        terms=terms.break_glass,
        reason=_reason(request.payload()),
        signed=signature_of(writing, request),
    )


def tell_of(
    ledger: Ledger, tell: Tell, actor: Actor, permit: PermitRow, model: ArtifactId
) -> Told:
    """Tell people of a permit past the approvals, and record whether they heard.

    People are the room's targets, and the owners of the model's project with theirs.
    Called after the commit: what was not sent does not keep anybody out, and what
    was sent cannot be rolled back.
    """
    with ledger.reading() as reading:
        account = ACCOUNTS.get(reading, permit.account)
        artifact = ARTIFACTS.get(reading, model)
        people = _owners(reading, artifact, but=account)
    message = Message(
        about="break-glass",
        subject=permit.id,
        title=f"{account.name} opened {artifact.name} past the approvals",
        text=(
            f"{permit.id} was issued without approvals and ends at"
            f" {permit.expires_at:%Y-%m-%d %H:%M} UTC.\n"
            f"To stop it: strongroom revoke {permit.id}\n"
            f"Somebody of another team looks at it, strongroom review breakglass"
            f" {permit.id}, and types the same with --accept TEXT, or --reject TEXT"
        ),
    )
    each = [message, *(replace(message, person=name) for name in people)]
    told = tell_each(tell, each)
    state = NoticeState.SENT if told.reached else NoticeState.FAILED
    with ledger.transaction() as writing:
        ACCOUNTS.get(writing, account.counts_as, lock=True)
        glass = BREAK_GLASS.get(writing, f"{account.counts_as}/{permit.id}", lock=True)
        BREAK_GLASS.replace(writing, glass, notice=state)
        record_told(writing, actor, message, told)
    return told


def _owners(transaction: Transaction, model: Artifact, *, but: Account) -> list[str]:
    """Return who owns a model's project; whoever opens it is not told by that alone."""
    found = [
        ACCOUNTS.get(transaction, owner.account)
        for owner in owners(transaction)
        if owner.project == model.project
    ]
    return [
        owner.name
        for owner in found
        if owner.state is AccountState.ACTIVE and owner.counts_as != but.counts_as
    ]


def _facts(
    terms: TermsTable, *, lasts: timedelta, reason: bool, signed: bool
) -> dict[str, object]:
    longest = terms.break_glass.longest if terms.break_glass else timedelta(0)
    return {
        "breakGlass": {
            "offered": terms.break_glass is not None,
            "reasonStated": reason,
            "signed": signed,
            "lasts": lasts,
            "longest": longest,
        }
    }


def _reason(payload: Payload) -> str:
    words = payload["words"]
    reason = words.get("reason") if isinstance(words, Mapping) else None
    return reason if isinstance(reason, str) else ""
