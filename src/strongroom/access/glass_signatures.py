"""The asker's own signature over what they want past the approvals, and why.

The digest of a request covers the reason, so that whoever signed cannot have meant
another, and whoever runs the desk cannot have made one up.
"""

from __future__ import annotations

from typing import Final, Literal

from strongroom.access import answers
from strongroom.access.answers import Proof
from strongroom.access.assertions import Assertion
from strongroom.access.ceremonies import Ceremony
from strongroom.access.request import Request
from strongroom.access.tally import SIGNED, Said, SignedAnswer, is_by
from strongroom.database.engine import Transaction
from strongroom.ledger.log import Writing
from strongroom.settings import RelyingParty

WORD: Final[Literal["break-glass"]] = "break-glass"
"""In place of an approver's answer, in what is signed."""


def question(
    transaction: Transaction, request: Request, *, party: RelyingParty
) -> Ceremony:
    """Return what the asker's passkey has to sign.

    Raises:
        DeniedError: The asker has no passkey.
    """
    return answers.question(transaction, _said(request), party=party)


def sign(
    writing: Writing,
    request: Request,
    assertion: Assertion,
    *,
    party: RelyingParty | None,
) -> Proof:
    """Store what the asker signed; the caller appends the entry that names the row.

    Raises:
        DeniedError: It does not verify, or is by another passkey.
        CounterError: The passkey may have a copy.
        SetupError: The room has no passkeys.
    """
    proof = answers.signed(writing, _said(request), assertion, party=party)
    answer = proof.answer(request.id)
    if answer is not None:
        SIGNED.insert(writing, answer)
    return proof


def signature_of(transaction: Transaction, request: Request) -> SignedAnswer | None:
    """Return what the asker of a request signed; ``None`` if nothing.

    Raises:
        IntegrityError: The row was forged, altered or restored.
    """
    found = SIGNED.find(transaction, SIGNED.columns.id == request.id)
    return found[0] if found else None


def is_signed(
    transaction: Transaction, request: Request, *, party: RelyingParty | None
) -> bool:
    """Return whether the asker's own passkey, if it still counts, signed this.

    Raises:
        IntegrityError: A row was deleted, forged, altered or restored.
    """
    answer = signature_of(transaction, request)
    return answer is not None and is_by(
        transaction, answer, _said(request), party=party
    )


def _said(request: Request) -> Said:
    return Said(request, WORD, request.asker)
