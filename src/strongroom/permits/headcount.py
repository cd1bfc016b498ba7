"""How many people could be handed weights, and how long what was agreed is in force."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from strongroom.access.gate import Gate
from strongroom.access.reach import Protected, Reach, people_by_class, principals
from strongroom.crypto.signing import VerifyKey
from strongroom.database.engine import Transaction
from strongroom.ledger.log import Reading
from strongroom.permits.permit import PERMITS, PermitState
from strongroom.types import AccountId, AccountKind, Classification, PermitId
from strongroom.vault.versions import every_model


@dataclass(frozen=True, slots=True, kw_only=True)
class OldestPermit:
    """The permit in force that was asked for first."""

    permit: PermitId
    account: AccountId
    asked_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadCount:
    """Who could reach what.

    Attributes:
        people: People who could be handed something of each class.
        oldest: Of the permits in force, the one that was asked for first.
    """

    people: dict[Classification, int]
    oldest: OldestPermit | None


def protected(transaction: Transaction) -> list[Protected]:
    """Return the models of a room in groups of the same class and project."""
    groups = Counter(
        (artifact.classification, artifact.project)
        for artifact in every_model(transaction)
    )
    return [
        Protected(classification=classification, project=project, models=count)
        for (classification, project), count in sorted(groups.items())
    ]


def head_count(reading: Reading, gate: Gate, key: VerifyKey) -> HeadCount:
    """Return who could reach what now; ``key`` verifies permits.

    Raises:
        IntegrityError: A row was forged, altered or restored.
    """
    asking = Reach(policy=gate.policy, terms=gate.terms, now=reading.now)
    people = [p for p in principals(reading) if p.kind is AccountKind.PERSON]
    return HeadCount(
        people=people_by_class(asking.of(people, protected(reading))),
        oldest=_oldest(reading, key),
    )


def _oldest(reading: Reading, key: VerifyKey) -> OldestPermit | None:
    rows = PERMITS.find(
        reading,
        PERMITS.columns.state == PermitState.ACTIVE,
        PERMITS.columns.expires_at > reading.now,
    )
    first = min(
        (row.open(key) for row in rows), key=lambda p: p.requested_at, default=None
    )
    if first is None:
        return None
    return OldestPermit(
        permit=first.id,
        account=first.account,
        asked_at=first.requested_at,
        expires_at=first.expires_at,
    )
