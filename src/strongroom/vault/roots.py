"""Root keys of custody domains that got successors, as the database keeps them.

    joining ──▶ active ──▶ leaving ──▶ retired ──▶ destroyed

A domain that was never rotated has no row.  While one key leaves, another joins;
a wrap under either opens.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from strongroom.database import key_tables
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.errors import ConflictError


class RootState(StrEnum):
    """What a root key is good for."""

    JOINING = "joining"
    ACTIVE = "active"
    LEAVING = "leaving"
    RETIRED = "retired"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RootKey:
    """One root key; ``id`` is the one that its custodian has for it.

    Attributes:
        domain: Whose keys it wraps.
        custodian: URI of what holds it, as ``room.toml`` names it.
        file: Of a token, where the file beside it lies; empty otherwise.
        created_at: When it was agreed on; of the first one, when its successor was.
    """

    id: str
    revision: int = 1
    domain: str
    custodian: str
    file: str
    state: RootState
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A rotation that was agreed on and has not ended."""

    leaving: RootKey
    joining: RootKey


ROOT_KEYS: GuardedTable[RootKey] = GuardedTable(key_tables.root_keys, RootKey)


def roots_of(
    transaction: Transaction, domain: str, *states: RootState, lock: bool = False
) -> list[RootKey]:
    """Return the root keys of a domain that are in one of these states."""
    columns = ROOT_KEYS.columns
    return ROOT_KEYS.find(
        transaction, columns.domain == domain, columns.state.in_(states), lock=lock
    )


def verify_in_use(transaction: Transaction, root_key_ids: Collection[str]) -> None:
    """Check that none of these root keys was retired; the rows stay locked.

    Raises:
        ConflictError: One was, so that what it wraps would open for nobody.
    """
    found = ROOT_KEYS.find(
        transaction, ROOT_KEYS.columns.id.in_(root_key_ids), lock=True
    )
    for root in found:
        if root.state in (RootState.RETIRED, RootState.DESTROYED):
            raise ConflictError(
                f"the root key of {root.domain} was rotated meanwhile",
                hint="do it again: the room has to be opened anew",
            )
