"""Is what lies in the database the ledger that the checkpoints signed?

``check_tail`` is quick and runs at every start: the newest checkpoint, its
frontier, and the last tile's entries.  ``check_all`` reads everything and names
every entry that is not what the tree says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from strongroom import canonical
from strongroom.database import tables
from strongroom.database.engine import Transaction
from strongroom.errors import IntegrityError
from strongroom.ledger import events, sequencer
from strongroom.ledger.frontier import frontier_at
from strongroom.ledger.log import Entry, Ledger
from strongroom.ledger.tiles import TILE_WIDTH
from strongroom.ledger.tree import HASH_BYTES, leaf_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something in the ledger that is not what was written.

    Attributes:
        position: Index of the entry, or ``None`` for the ledger as a whole.
        problem: One sentence.
    """

    position: int | None
    problem: str


def check_tail(ledger: Ledger, transaction: Transaction) -> None:
    """Check the newest checkpoint, its frontier and the last tile of entries.

    Raises:
        IntegrityError: They disagree; the message names the first entry where.
    """
    for finding in _check(ledger, transaction, from_tile=None):
        raise IntegrityError(
            finding.problem, hint="strongroom ledger verify; restore a backup"
        )


def check_all(ledger: Ledger, transaction: Transaction) -> list[Finding]:
    """Return everything that is wrong with the stored ledger.

    Every entry is hashed again, every attached document and every private
    field is compared with what its entry says, and every tile is recomputed.
    """
    findings = list(_check(ledger, transaction, from_tile=0))
    findings += _check_private(transaction)
    return findings


def _check(
    ledger: Ledger, transaction: Transaction, *, from_tile: int | None
) -> Iterator[Finding]:
    connection = transaction.connection
    try:
        checkpoint = ledger.checkpoint(transaction)
        frontier = sequencer.newest_frontier(connection)
    except IntegrityError as error:
        yield Finding(position=None, problem=str(error))
        return
    size = checkpoint.size if checkpoint else 0
    counted = connection.execute(
        sa.select(sa.func.count(), sa.func.max(tables.entries.c.position)).where(
            tables.entries.c.position.is_not(None)
        )
    ).one()
    if (counted[0], counted[1] if counted[1] is not None else -1) != (size, size - 1):
        yield from _missing(connection, size)
    if checkpoint is None:
        return
    if frontier.size != size or frontier.root() != checkpoint.root:
        yield Finding(position=None, problem="the stored frontier is not the tree's")
    yield from _check_tiles(ledger, transaction, size, checkpoint.root)
    first = size // TILE_WIDTH if from_tile is None else from_tile
    for entry in ledger.entries(transaction, first * TILE_WIDTH):
        yield from _check_entry(connection, entry)


def _check_tiles(
    ledger: Ledger, transaction: Transaction, size: int, root: bytes
) -> Iterator[Finding]:
    try:
        if frontier_at(ledger.nodes(transaction), size).root() != root:
            yield Finding(
                position=None, problem="the stored tiles do not have the signed root"
            )
    except IntegrityError as error:
        yield Finding(position=None, problem=str(error))


def _missing(connection: sa.Connection, size: int) -> Iterator[Finding]:
    """Name the first index between 0 and ``size`` that has no entry."""
    columns = tables.entries.c
    positions = connection.execute(
        sa.select(columns.position)
        .where(columns.position.is_not(None))
        .order_by(columns.position)
    ).scalars()
    expected = 0
    for position in positions:
        if position != expected:
            break
        expected += 1
    if expected < size:
        yield Finding(position=expected, problem=f"entry {expected} is missing")
    else:
        yield Finding(
            position=size, problem=f"entry {size} is under no signed checkpoint"
        )


def _check_entry(connection: sa.Connection, entry: Entry) -> Iterator[Finding]:
    position = entry.position
    if position is None:
        return
    stored = _stored_leaf(connection, position)
    if stored != leaf_hash(entry.body):
        yield Finding(position=position, problem=f"entry {position} was altered")
        return
    try:
        document = canonical.from_json(entry.body, at_most_bytes=events.MAX_ENTRY_BYTES)
    except IntegrityError as error:
        yield Finding(position=position, problem=f"entry {position}: {error}")
        return
    named = document.get("attached") if isinstance(document, dict) else None
    found = events.attached_digest(entry.attached).hex() if entry.attached else None
    if named != found:
        yield Finding(
            position=position,
            problem=f"what is attached to entry {position} is not what it names",
        )


def _stored_leaf(connection: sa.Connection, position: int) -> bytes | None:
    """Return the leaf hash that the level-0 tile has for an index."""
    number, offset = divmod(position, TILE_WIDTH)
    start = offset * HASH_BYTES
    columns = tables.tiles.c
    part = connection.execute(
        sa.select(sa.func.substr(columns.hashes, start + 1, HASH_BYTES)).where(
            columns.level == 0, columns.number == number
        )
    ).scalar()
    return None if part is None else bytes(part)


def _check_private(transaction: Transaction) -> Iterator[Finding]:
    entries, private = tables.entries.c, tables.private_facts.c
    rows = transaction.connection.execute(
        sa.select(entries.position, entries.body, private.salt, private.payload)
        .join_from(tables.private_facts, tables.entries, entries.id == private.entry_id)
        .order_by(entries.position)
        .execution_options(yield_per=1000)
    )
    for row in rows:
        commitment = events.commitment(bytes(row.salt), row.payload.encode())
        if f'"private":"{commitment.hex()}"'.encode() not in row.body:
            yield Finding(
                position=row.position,
                problem=f"the private fields of entry {row.position} were altered",
            )
