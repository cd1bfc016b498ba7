"""Is what lies in the database the ledger that the checkpoints signed?

``check_tail`` is quick and runs at every start: the newest checkpoint, its
frontier, and the last tile's entries.  ``check_all`` reads everything and names
every entry that is not what the tree says.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import chain
from typing import Any

import sqlalchemy as sa

from strongroom import canonical
from strongroom.database import tables
from strongroom.database.engine import Transaction
from strongroom.errors import IntegrityError
from strongroom.ledger import events, sequencer, tree_checks
from strongroom.ledger.erasure import check_erased
from strongroom.ledger.finding import Finding
from strongroom.ledger.log import Ledger
from strongroom.ledger.tiles import TILE_WIDTH
from strongroom.ledger.tree import HASH_BYTES, leaf_hash


def check_tail(ledger: Ledger, transaction: Transaction) -> None:
    """Check the newest checkpoint, its frontier and the last tile of entries.

    Raises:
        IntegrityError: They disagree; the message names the first entry where.
    """
    # Closing it closes the database's cursor, which a half-read one leaves open.
    with closing(_guarded(_check(ledger, transaction, everything=False))) as findings:
        first = next(findings, None)
    if first is not None:
        raise IntegrityError(
            first.problem, hint="strongroom ledger verify; restore a backup"
        )


def check_all(ledger: Ledger, transaction: Transaction) -> list[Finding]:
    """Return everything that is wrong with the stored ledger.

    Every entry is hashed again, every attached document and every private
    field is compared with what its entry says, every tile is recomputed, and
    every checkpoint is verified.
    """
    return list(
        chain(
            _guarded(_check(ledger, transaction, everything=True)),
            _guarded(tree_checks.check_checkpoints(ledger, transaction)),
            _guarded(_check_private(transaction)),
            _guarded(check_erased(transaction)),
        )
    )


def _guarded(findings: Iterator[Finding]) -> Generator[Finding]:
    """Pass findings on; what no room writes is one more."""
    try:
        yield from findings
    except (
        AttributeError,
        LookupError,  # a kind was changed: its entry lacks what that kind has
        RecursionError,
        TypeError,  # SQLite keeps any type anywhere
        ValueError,
    ):
        yield Finding(position=None, problem="a row holds what no room writes")


def _check(
    ledger: Ledger, transaction: Transaction, *, everything: bool
) -> Iterator[Finding]:
    connection = transaction.connection
    try:
        checkpoint = ledger.checkpoint(transaction)
        frontier = sequencer.newest_frontier(connection)
    except IntegrityError as error:
        yield Finding(position=None, problem=str(error))
        return
    size = checkpoint.size if checkpoint else 0
    yield from _check_positions(connection, size)
    if checkpoint is None:
        return
    if frontier.size != size or frontier.root() != checkpoint.root:
        yield Finding(position=None, problem="the stored frontier is not the tree's")
    yield from tree_checks.check_edge(
        ledger, transaction, size=size, root=checkpoint.root
    )
    last_tile = (size - 1) // TILE_WIDTH * TILE_WIDTH
    yield from _check_entries(connection, 0 if everything else last_tile)
    if everything:
        yield from tree_checks.check_tiles(ledger, transaction, size=size)


def _check_positions(connection: sa.Connection, size: int) -> Iterator[Finding]:
    """Name the first index at which the entries are not 0 to ``size - 1``."""
    columns = tables.entries.c
    indexed = columns.position.is_not(None)
    counted, newest = connection.execute(
        sa.select(sa.func.count(), sa.func.max(columns.position)).where(indexed)
    ).one()
    if (counted, newest) == (size, size - 1 if size else None):
        return
    positions = connection.execute(
        sa.select(columns.position).where(indexed).order_by(columns.position)
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


def _check_entries(connection: sa.Connection, start: int) -> Iterator[Finding]:
    """Compare entries from index ``start`` on with their tiles and with themselves."""
    columns = tables.entries.c
    rows = connection.execute(
        sa.select(
            columns.position,
            columns.kind,
            # As text: a time that cannot be read is a finding too.
            sa.type_coerce(columns.at, sa.Text).label("at"),
            columns.body,
            columns.leaf,
            columns.attached,
        )
        .where(columns.position >= start)
        .order_by(columns.position)
        .execution_options(yield_per=1000)
    )
    number, hashes = -1, b""
    with rows:
        for row in rows:
            tile, offset = divmod(row.position, TILE_WIDTH)
            if tile != number:
                number, hashes = tile, _leaves(connection, tile)
            stored = hashes[offset * HASH_BYTES : (offset + 1) * HASH_BYTES]
            problem = _entry_problem(row._asdict(), stored)
            if problem:
                yield Finding(
                    position=row.position, problem=f"entry {row.position} {problem}"
                )


def _entry_problem(row: dict[str, Any], stored: bytes) -> str:
    """Return what is wrong with a row of ``entries``; empty when nothing is."""
    body, attached = row["body"], row["attached"]
    if not isinstance(body, bytes) or stored != leaf_hash(body):
        return "was altered"
    try:
        document = canonical.from_json(body, at_most_bytes=events.MAX_ENTRY_BYTES)
    except IntegrityError as error:
        return f"cannot be read: {error}"
    if not isinstance(document, dict):
        return "cannot be read"
    columns = (row["leaf"], row["kind"], row["at"])
    if columns != (stored, document.get("kind"), document.get("at")):
        return "stands in a row that says something else"
    found = None
    if attached is not None:
        found = isinstance(attached, bytes) and events.attached_digest(attached).hex()
    if document.get("attached") != found:
        return "names another attached document than the one that is there"
    return ""


def _leaves(connection: sa.Connection, number: int) -> bytes:
    """Return the hashes of a tile of level 0; empty if it is not there."""
    columns = tables.tiles.c
    data = connection.execute(
        sa.select(columns.hashes).where(columns.level == 0, columns.number == number)
    ).scalar()
    return data if isinstance(data, bytes) else b""


def _check_private(transaction: Transaction) -> Iterator[Finding]:
    """Compare private fields with the commitments; erased ones are gone whole."""
    entries, private = tables.entries.c, tables.private_facts.c
    rows = transaction.connection.execute(
        sa.select(private.entry_id, entries.position, entries.body)
        .add_columns(private.salt, private.payload, private.subject)
        .outerjoin_from(
            tables.private_facts, tables.entries, entries.id == private.entry_id
        )
        .order_by(private.entry_id)
        .execution_options(yield_per=1000)
    )
    for row in rows:
        if row.body is None:
            problem = f"private fields of id {row.entry_id} belong to no entry"
            yield Finding(position=None, problem=problem)
            continue
        commitment = events.commitment(row.salt, row.payload.encode())
        # A quotation mark inside a string is escaped, so this is the member.
        if f'"private":"{commitment.hex()}"'.encode() not in row.body:
            name = f"id {row.entry_id}" if row.position is None else row.position
            yield Finding(
                position=row.position,
                problem=f"the private fields of entry {name} were altered",
            )
        elif row.subject not in _people_in(row.body):
            yield Finding(
                position=row.position,
                problem=f"the private fields of id {row.entry_id} are filed under"
                " somebody whom their entry does not name",
            )


def _people_in(body: bytes) -> set[str]:
    """Return whom the private fields of an entry may be filed under."""
    document = json.loads(body)
    return {document["actor"] or "", document["facts"].get("account", "")}
