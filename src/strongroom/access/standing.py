"""Whether a person may use weights, or decide about them, whatever it is."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from strongroom.access.accounts import Account
from strongroom.access.breakglass import owed_reviews
from strongroom.access.person_terms import TrainingTerms
from strongroom.access.policy import Resource
from strongroom.access.training import lacking
from strongroom.database.engine import Transaction
from strongroom.types import Classification

WEIGHTS: Final = frozenset({"request:create", "permit:issue", "segment:release"})
"""Actions that end with plaintext weights in somebody's hands."""

_DECIDES: Final = "request:approve"


def standing_facts(
    transaction: Transaction,
    account: Account,
    action: str,
    resource: Resource,
    *,
    terms: TrainingTerms,
    now: datetime,
) -> dict[str, object]:
    """Return what the rules of an action read of the person; nothing for most.

    Raises:
        IntegrityError: A row was deleted, forged, altered or restored.
    """
    if action == _DECIDES:
        asked = terms.asked_of(account.roles, None)
        return {"coursesLacking": lacking(transaction, account, asked, now=now)}
    if action not in WEIGHTS:
        return {}
    asked = terms.asked_of(account.roles, Classification(resource.attributes["class"]))
    owed = owed_reviews(transaction, account, now)
    return {
        "reviewsOverdue": owed.overdue,
        "reviewsRejected": owed.rejected,
        "coursesLacking": lacking(transaction, account, asked, now=now),
    }
