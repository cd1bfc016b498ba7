"""Root keys of custody domains that got successors, as the database keeps them.

    joining ──▶ active ──▶ leaving ──▶ retired ──▶ destroyed
        └─────────┴──────────┴────────────┴──▶ lost, where a room was restored

A domain that was never rotated, in a room that was never restored, has no row.
While one key leaves, another joins; a wrap under either opens.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from strongroom.database import key_tables
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.errors import ConflictError
from strongroom.ledger.log import Writing


class RootState(StrEnum):
    """What a root key is good for."""

    JOINING = "joining"
    ACTIVE = "active"
    LEAVING = "leaving"
    RETIRED = "retired"
    DESTROYED = "destroyed"
    LOST = "lost"


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

_GONE = (RootState.DESTROYED, RootState.LOST)


def roots_of(
    transaction: Transaction, domain: str, *states: RootState, lock: bool = False
) -> list[RootKey]:
    """Return the root keys of a domain that are in one of these states."""
    columns = ROOT_KEYS.columns
    return ROOT_KEYS.find(
        transaction, columns.domain == domain, columns.state.in_(states), lock=lock
    )


def put_in_place_of_all(
    writing: Writing, in_use: Mapping[str, tuple[str, str]]
) -> None:
    """Record the root keys of a restored room; every former one is lost.

    Else a rotation that was under way or asked for would go on with root keys that
    are gone, and what lies by now where a former custody file was would be deleted
    as that one.

    Args:
        writing: The transaction.
        in_use: Id and URI of the custodian of each domain.
    """
    ids = {root_key_id for root_key_id, _ in in_use.values()}
    there = ROOT_KEYS.find(writing, lock=True)
    for root in there:
        if root.id not in ids and root.state not in _GONE:
            ROOT_KEYS.replace(writing, root, state=RootState.LOST)
    known = {root.id for root in there}
    for domain, (root_key_id, custodian) in in_use.items():
        if root_key_id not in known:
            ROOT_KEYS.insert(
                writing,
                RootKey(
                    id=root_key_id,
                    domain=domain,
                    custodian=custodian,
                    file="",
                    state=RootState.ACTIVE,
                    created_at=writing.now,
                ),
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
        if root.state is RootState.RETIRED or root.state in _GONE:
            raise ConflictError(
                f"the root key of {root.domain} was rotated meanwhile",
                hint="do it again: the room has to be opened anew",
            )
