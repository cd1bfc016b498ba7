"""What the newest entry of a kind says, believed only as far as the tree proves it.

Opening a room checks the last tile of entries.  An entry before that can lie in
the database as anything, so whoever decides by one asks here.  An entry that was
taken out, or stands under another kind, is not missed here: ``check_all`` finds it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import sqlalchemy as sa

from strongroom import canonical
from strongroom.canonical import Json
from strongroom.database import tables
from strongroom.database.engine import Transaction
from strongroom.database.times import parse_time
from strongroom.errors import IntegrityError
from strongroom.ledger.events import MAX_ENTRY_BYTES
from strongroom.ledger.log import Entry, Ledger
from strongroom.ledger.tree import inclusion_proof, leaf_hash, verify_inclusion

Facts: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An entry that is under the newest checkpoint.

    Attributes:
        at: When it was written, aware UTC.
        facts: Its clear fields.
        entry: The entry itself.
    """

    at: datetime
    facts: Facts
    entry: Entry


def newest_recorded(
    ledger: Ledger,
    transaction: Transaction,
    kind: str,
    *,
    where: Callable[[Facts], bool] = lambda _: True,
) -> Recorded | None:
    """Return the newest entry of a kind, if there is one; others are skipped.

    Args:
        ledger: Whose newest checkpoint has to cover it.
        transaction: Reads one consistent state.
        kind: A key of ``KINDS``.
        where: Whether an entry of that kind is meant, by its facts.

    Raises:
        IntegrityError: The checkpoint is not the ledger's, or an entry that stands
            there as one of this kind is not in its tree, or is of another.
    """
    columns = tables.entries.c
    statement = (
        sa.select(columns.id, columns.position, columns.body, columns.attached)
        .where(columns.kind == kind, columns.position.is_not(None))
        .order_by(columns.position.desc())
        .execution_options(yield_per=16)  # the first is mostly the one
    )
    verify = _verifier(ledger, transaction)
    with transaction.connection.execute(statement) as rows:
        for row in rows:
            found = verify(Entry(**row._asdict()), kind)
            if where(found.facts):
                return found
    return None


def _verifier(
    ledger: Ledger, transaction: Transaction
) -> Callable[[Entry, str], Recorded]:
    """Return what turns rows into entries by the newest checkpoint."""
    checkpoint = ledger.checkpoint(transaction)
    nodes = ledger.nodes(transaction)

    def verify(entry: Entry, kind: str) -> Recorded:
        position, body = entry.position, entry.body
        # SQLite keeps values of any type in any column.
        if not (isinstance(position, int) and isinstance(body, bytes)):
            raise _altered(position)
        if checkpoint is None or not 0 <= position < checkpoint.size:
            raise _altered(position)
        try:
            verify_inclusion(
                leaf_hash(body),
                index=position,
                size=checkpoint.size,
                proof=inclusion_proof(nodes, index=position, size=checkpoint.size),
                root=checkpoint.root,
            )
        except IntegrityError:
            raise _altered(position) from None
        return _recorded(entry, position, kind)

    return verify


def _recorded(entry: Entry, position: int, kind: str) -> Recorded:
    document = canonical.from_json(entry.body, at_most_bytes=MAX_ENTRY_BYTES)
    if not isinstance(document, dict) or document.get("kind") != kind:
        raise _altered(position)
    at, facts = document.get("at"), document.get("facts")
    if not (isinstance(at, str) and isinstance(facts, dict)):
        raise _altered(position)
    return Recorded(at=parse_time(at), facts=facts, entry=entry)


def _altered(position: object) -> IntegrityError:
    return IntegrityError(
        f"entry {str(position)[:20]} is not what the signed tree has there",
        hint="strongroom ledger verify; restore a backup",
    )
