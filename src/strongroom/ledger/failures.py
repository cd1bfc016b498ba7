"""Records that guarded rows are not what the ledger says, once for each result."""

from __future__ import annotations

from collections.abc import Iterable

from strongroom import canonical
from strongroom.ledger.events import Event
from strongroom.ledger.log import Ledger
from strongroom.ledger.reconcile import Finding
from strongroom.ledger.recorded import newest_recorded

KIND = "reconcile.failed"

MOST_NAMED = 1000
"""Findings that the entry names; it counts all of them."""


def record_failure(ledger: Ledger, findings: Iterable[Finding]) -> bool:
    """Append an entry that says what was found; return whether one was appended.

    The same result, found again, is recorded already.  Nothing is recorded where
    nothing was found.

    Raises:
        UnavailableError: The room is locked, or the database did not answer.
        IntegrityError: The ledger itself is damaged, so nothing can be added.
    """
    sentences = sorted({str(finding) for finding in findings})
    digest = canonical.digest("strongroom/v1/findings", *sentences).hex()
    if not sentences:
        return False
    with ledger.transaction() as writing:
        if newest_recorded(
            ledger, writing, KIND, where=lambda facts: facts.get("digest") == digest
        ):
            return False
        writing.append(
            Event(
                kind=KIND,
                actor=None,
                facts={
                    "count": len(sentences),
                    "digest": digest,
                    "rows": sentences[:MOST_NAMED],
                },
            )
        )
    return True
