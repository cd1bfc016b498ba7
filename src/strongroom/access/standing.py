"""Whether a person may use weights at all now, whatever they ask for."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from strongroom.access.accounts import Account
from strongroom.access.breakglass import overdue_reviews
from strongroom.database.engine import Transaction

WEIGHTS: Final = frozenset({"request:create", "permit:issue", "segment:release"})
"""Actions that end with plaintext weights in somebody's hands."""


def standing_facts(
    transaction: Transaction, account: Account, action: str, *, now: datetime
) -> dict[str, object]:
    """Return what the rules about weights read of the person, and nothing for others.

    Raises:
        IntegrityError: A row was deleted, forged, altered or restored.
    """
    if action not in WEIGHTS:
        return {}
    return {"reviewsOverdue": overdue_reviews(transaction, account, now)}
