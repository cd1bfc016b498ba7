"""Which recovery keys are in force, and wrapping to them.

A set is one recovery key: its public half, the custody domains whose shares are
wrapped to it, and how many papers restore it.  A domain has one set in force at
most.  Two domains of a segment with two custodians should not share a set, since
its papers would then stand in for both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from strongroom.crypto.recovery import recovery_key_id, wrap_for_recovery
from strongroom.database import tables
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.errors import ConflictError, IntegrityError
from strongroom.types import Secret


class RecoveryState(StrEnum):
    """Whether new shares are wrapped to the key."""

    ACTIVE = "active"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoverySet:
    """A recovery key; ``id`` is derived from its public half.

    Attributes:
        public: The 1216 bytes that secrets are wrapped to.
        domains: Whose shares; the home domain's set has the room's own keys too.
        set_id: Number of the set on its papers.
        shares: How many papers there are.
        threshold: How many of them restore the key.
    """

    id: str
    revision: int = 1
    public: bytes
    domains: tuple[str, ...]
    set_id: int
    shares: int
    threshold: int
    state: RecoveryState
    created_at: datetime

    def wrap(self, secret: Secret, context: bytes) -> bytes:
        """Return ``secret`` wrapped to this key for the place ``context``."""
        return wrap_for_recovery(self.public, secret, context)


RECOVERY_SETS: GuardedTable[RecoverySet] = GuardedTable(
    tables.recovery_keys, RecoverySet
)


def active_sets(transaction: Transaction, *, lock: bool = False) -> list[RecoverySet]:
    """Return the sets in force.

    Raises:
        IntegrityError: One was forged, altered, or has the id of another key.
    """
    found = RECOVERY_SETS.find(
        transaction,
        RECOVERY_SETS.columns.state == RecoveryState.ACTIVE,
        lock=lock,
    )
    for one in found:
        if recovery_key_id(one.public) != one.id:
            raise IntegrityError(f"{one.id} is not the id of its key")
    return found


def sets_by_domain(transaction: Transaction) -> Mapping[str, RecoverySet]:
    """Return the set in force of every domain that has one."""
    return {d: one for one in active_sets(transaction) for d in one.domains}


def verify_apart(
    segment: str, domains: Sequence[str], sets: Mapping[str, RecoverySet]
) -> None:
    """Check that no set stands in for two custodians of one segment.

    Args:
        segment: Its name.
        domains: The custody domain of each of its shares.
        sets: The set in force of each domain that has one.

    Raises:
        ConflictError: One would.
    """
    keys = [sets[domain].id for domain in domains if domain in sets]
    for domain in domains:
        if domain in sets and keys.count(sets[domain].id) > 1:
            raise ConflictError(
                f"set {sets[domain].set_id} would hold several shares of {segment},"
                f" which needs {len(domains)} custodians",
                hint="make a set for each: strongroom recovery create --domain NAME",
            )
