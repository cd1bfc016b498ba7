"""Do stored tiles, frontiers and checkpoints make one signed tree?"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from strongroom.database import tables
from strongroom.database.engine import Transaction
from strongroom.errors import IntegrityError
from strongroom.ledger.finding import Finding
from strongroom.ledger.frontier import Frontier, frontier_at
from strongroom.ledger.log import Ledger
from strongroom.ledger.sequencer import tile_reader
from strongroom.ledger.tiles import TILE_HEIGHT, TILE_WIDTH, tiles_of
from strongroom.ledger.tree import HASH_BYTES, node_hash


def check_edge(
    ledger: Ledger, transaction: Transaction, *, size: int, root: bytes
) -> Iterator[Finding]:
    """Give a finding if the tiles at the right edge do not have the signed root."""
    try:
        if frontier_at(ledger.nodes(transaction), size).root() != root:
            yield Finding(
                position=None, problem="the stored tiles do not have the signed root"
            )
    except IntegrityError as error:
        yield Finding(position=None, problem=str(error))


def check_tiles(
    ledger: Ledger, transaction: Transaction, *, size: int
) -> Iterator[Finding]:
    """Recompute every tile above level 0 from the tile below it.

    Level 0 is compared with the entries elsewhere.
    """
    read = tile_reader(transaction.connection)
    nodes = ledger.nodes(transaction)
    for level, number, width in tiles_of(size):
        try:
            data = read(level, number)
            hashes = [data[at : at + HASH_BYTES] for at in range(0, len(data), 32)]
            wrong = len(hashes) != width
            for offset, stored in enumerate(hashes if level else ()):
                # The two halves of the full tile below; one level up is 8 heights.
                half, index = level * TILE_HEIGHT - 1, number * TILE_WIDTH + offset
                pair = nodes(half, 2 * index), nodes(half, 2 * index + 1)
                wrong = wrong or stored != node_hash(*pair)
        except IntegrityError as error:
            yield Finding(position=None, problem=str(error))
            continue
        if wrong:
            yield Finding(
                position=None, problem=f"tile {level}/{number} is not what its tree is"
            )


def check_checkpoints(ledger: Ledger, transaction: Transaction) -> Iterator[Finding]:
    """Check that each checkpoint is signed, and that each extends the one before."""
    columns = tables.checkpoints.c
    rows = transaction.connection.execute(
        sa.select(columns.size, columns.previous_size, columns.frontier, columns.note)
        .order_by(columns.size)
        .execution_options(yield_per=1000)
    )
    nodes, before = ledger.nodes(transaction), 0
    for row in rows:
        problem = ""
        try:
            signed = ledger.notes.open(row.note)
            frontier = Frontier.from_bytes(row.frontier)
            if (signed.size, row.previous_size) != (row.size, before):
                problem = "does not follow the one before"
            elif frontier.size != row.size or frontier.root() != signed.root:
                problem = "has another frontier"
            elif frontier_at(nodes, row.size).root() != signed.root:
                problem = "is of another tree"
        except IntegrityError as error:
            problem = f"cannot be read: {error}"
        if problem:
            yield Finding(position=None, problem=f"checkpoint {row.size} {problem}")
        before = row.size
