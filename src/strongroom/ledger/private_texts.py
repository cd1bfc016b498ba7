"""Reads names and words that stand beside entries until they are erased."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from strongroom import canonical
from strongroom.canonical import Json
from strongroom.database import tables
from strongroom.database.cells import blob, text
from strongroom.database.engine import Transaction
from strongroom.errors import IntegrityError
from strongroom.ledger import events
from strongroom.ledger.events import MAX_ENTRY_BYTES
from strongroom.ledger.log import Entry


def private_of(transaction: Transaction, entry: Entry) -> dict[str, str] | None:
    """Return the private fields of an entry; ``None`` if it has none, or no more.

    Raises:
        IntegrityError: They are not what the entry commits to.
    """
    columns = tables.private_facts.c
    row = transaction.connection.execute(
        sa.select(columns.salt, columns.payload).where(columns.entry_id == entry.id)
    ).one_or_none()
    if row is None:
        return None
    return _verified(row.salt, row.payload, entry.body, entry.position)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Some guarded rows, as entries name them.

    Attributes:
        table: Name of their table.
        ids: Of each; a database takes some thousands at once.
    """

    table: str
    ids: Collection[str]


def every_private(
    transaction: Transaction, kind: str, *, about: Rows | None = None
) -> Iterator[tuple[Mapping[str, Json], dict[str, str]]]:
    """Yield the clear and the private fields of every entry of a kind that has both.

    For what people are shown: nothing here proves that an entry is in the tree.

    Args:
        transaction: Where to look.
        kind: A key of ``KINDS``.
        about: Rows that they changed; all entries unless given.

    Raises:
        IntegrityError: Private fields are not what their entry commits to.
    """
    entries, private = tables.entries.c, tables.private_facts.c
    statement = (
        sa.select(entries.position, entries.body, private.salt, private.payload)
        .join_from(tables.entries, tables.private_facts, entries.id == private.entry_id)
        .where(entries.kind == kind)
        .order_by(entries.id)
    )
    if about is not None:
        named = tables.entry_rows.c
        statement = statement.where(
            entries.id.in_(
                sa.select(named.entry_id).where(
                    named.table_name == about.table, named.row_id.in_(about.ids)
                )
            )
        )
    for row in transaction.connection.execute(statement):
        body = blob(row.body)
        fields = _verified(row.salt, row.payload, body, row.position)
        match canonical.from_json(body, at_most_bytes=MAX_ENTRY_BYTES):
            case {"facts": dict(facts)}:
                yield facts, fields


def _verified(
    salt: object, payload: object, body: bytes, position: object
) -> dict[str, str]:
    """Return private fields that an entry commits to.

    Raises:
        IntegrityError: It commits to others.
    """
    words = text(payload)
    commitment = events.commitment(blob(salt), words.encode())
    if f'"private":"{commitment.hex()}"'.encode() not in body:
        raise IntegrityError(
            f"the private fields of entry {position} were altered",
            hint="strongroom ledger verify",
        )
    fields: dict[str, str] = json.loads(words)
    return fields
