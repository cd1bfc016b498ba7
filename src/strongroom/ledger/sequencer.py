"""Gives entries their index and signs the tree over them.

Whoever may sequence alone does it in the transaction that made the entries, with
one commit: on SQLite every writer, on PostgreSQL a writer that gets the advisory
lock at once.  One that does not get it commits its entries without an index and
waits for the lock in a second transaction; see ``docs/specification/ledger.md``.

The lock is only ever waited for by a transaction that holds nothing else, and who
has it waits for nothing more, so it is in no cycle of waiting.  The unique
``previous_size`` makes two sequencers that got past it collide instead of fork.

Source: ``docs/decisions/0017-a-writer-alone-indexes-its-own-entries.md``.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from strongroom.database import tables
from strongroom.database.bulk import insert_rows, update_rows
from strongroom.database.cells import blob, text
from strongroom.database.guards import Guards
from strongroom.errors import IntegrityError
from strongroom.ledger.frontier import Frontier
from strongroom.ledger.notes import Notes
from strongroom.ledger.pending import Pending
from strongroom.ledger.second import second_signer
from strongroom.ledger.tiles import TileReader, updated_tiles
from strongroom.ledger.tree import leaf_hash

_LOCK = 0x5354524F4E47  # "STRONG": the advisory lock of the sequencer

# Statements are made once: that costs four times as much as running them.
_ENTRIES, _CHECKPOINTS, _TILES = (
    tables.entries.c,
    tables.checkpoints.c,
    tables.tiles.c,
)
_WAITING = (
    sa.select(_ENTRIES.id, _ENTRIES.at, _ENTRIES.body, _ENTRIES.leaf, _ENTRIES.mac)
    .add_columns(_ENTRIES.attached)
    .where(_ENTRIES.position.is_(None))
    .order_by(_ENTRIES.id)
)
_NEWEST = (
    sa.select(_CHECKPOINTS.note, _CHECKPOINTS.frontier)
    .order_by(_CHECKPOINTS.size.desc())
    .limit(1)
)
_TILE = sa.select(_TILES.hashes).where(
    _TILES.level == sa.bindparam("level"), _TILES.number == sa.bindparam("number")
)
_NEWEST_ID = sa.select(sa.func.coalesce(sa.func.max(_ENTRIES.id), 0))
# Ids are drawn when all rows of the transaction are locked: who changes such a row
# later then names it under a greater id.  And before the tree is read: a statement
# sees what was committed when it began, so what it reads after getting the lock in
# it would be outdated.
_CLAIM = sa.text(
    """
    WITH lock AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(:lock) AS free),
    ids AS MATERIALIZED (SELECT pg_get_serial_sequence('entries', 'id')::regclass AS s)
    SELECT (SELECT free FROM lock), ARRAY(
        SELECT nextval(s) FROM ids, generate_series(1, :count)
    )
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An entry that this room wrote and that has no index yet."""

    id: int
    body: bytes
    leaf: bytes
    attached: bytes | None


def lock(connection: sa.Connection) -> None:
    """Wait until no other sequencer works on this PostgreSQL database."""
    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def store(
    connection: sa.Connection, pending: Pending, *, notes: Notes, guards: Guards
) -> bool:
    """Write what a transaction recorded, at its end.

    Args:
        connection: Of the transaction; nothing else follows in it.
        pending: Entries and what hangs on them.
        notes: Signs the checkpoint.
        guards: MACs of entries.

    Returns:
        Whether they are under a checkpoint; else call ``sequence`` after the commit.

    Raises:
        ConflictError: Another sequencer extended the same tree, or the room demands
            a second signature that this process cannot make.
        IntegrityError: The stored tree is damaged, or an entry was forged.
        UnavailableError: The room is locked.
    """
    ids, alone = _claim(connection, len(pending))
    if alone:
        sequence(connection, notes=notes, guards=guards, fresh=(pending, ids))
    else:
        pending.write(connection, ids, guards)
    return alone


def sequence(
    connection: sa.Connection,
    *,
    notes: Notes,
    guards: Guards,
    fresh: tuple[Pending, Sequence[int]] | None = None,
) -> None:
    """Index every entry without an index and store the next checkpoint.

    What others committed comes first: an entry of ours may build on it.

    Args:
        connection: Of a transaction that nobody else sequences beside.
        notes: Signs the checkpoint; the one before must be signed by it too.
        guards: MACs of the entries that wait.
        fresh: Entries to write that nobody else sees yet, and their ids.

    Raises:
        ConflictError: Another sequencer extended the same tree, or the room demands
            a second signature that this process cannot make.
        IntegrityError: The stored tiles or frontier are damaged, or somebody
            put an entry there that this room did not write.
        UnavailableError: The room is locked.
    """
    late = waiting(connection, guards)
    leaves = [row.leaf for row in late]
    if not late and not fresh:
        return
    before = _signed_frontier(connection, notes)
    if late:
        indexed = [(before.size + n, row.id) for n, row in enumerate(late)]
        update_rows(connection, tables.entries, _ENTRIES.position, indexed)
    if fresh:
        pending, ids = fresh
        leaves += pending.write(
            connection, ids, guards, position=before.size + len(late)
        )
    _extend(connection, before, leaves, notes)


def _claim(connection: sa.Connection, count: int) -> tuple[Sequence[int], bool]:
    """Return ids for new entries, and whether this transaction may sequence them."""
    if connection.dialect.name == "sqlite":  # it has one writer
        newest = connection.execute(_NEWEST_ID).scalar_one()
        return range(newest + 1, newest + 1 + count), True
    row = connection.execute(_CLAIM, {"lock": _LOCK, "count": count}).one()
    return sorted(row[1]), bool(row[0])


def _extend(
    connection: sa.Connection, before: Frontier, leaves: Sequence[bytes], notes: Notes
) -> None:
    completed = before.completed(leaves)
    tiles = updated_tiles(tile_reader(connection), before.size, completed)
    rows = [(tile.level, tile.number, tile.data) for tile in tiles]
    insert_rows(connection, tables.tiles, rows, replace=True)
    after = before.grown(completed)
    second = second_signer(connection, before.size)
    note = notes.sign(after.size, after.root(), second=second)
    row = (after.size, before.size, after.to_bytes(), note)
    insert_rows(connection, tables.checkpoints, [row])


def waiting(connection: sa.Connection, guards: Guards) -> list[Waiting]:
    """Return the entries without an index, in the order in which they get one.

    Raises:
        IntegrityError: This room did not write one of them.
        UnavailableError: The room is locked.
    """
    rows = connection.execute(_WAITING)
    return [_checked(row._asdict(), guards) for row in rows]


def _checked(row: dict[str, Any], guards: Guards) -> Waiting:
    entry_id, body, leaf, mac = (row[name] for name in ("id", "body", "leaf", "mac"))
    # SQLite keeps values of any type in any column.
    if not (
        all(isinstance(cell, bytes) for cell in (body, leaf, mac))
        and hmac.compare_digest(guards.entry_mac(entry_id, row["at"], leaf), mac)
        and leaf == leaf_hash(body)
    ):
        raise IntegrityError(
            f"a waiting entry (id {entry_id}) was not written by this room",
            hint="somebody writes to the database; strongroom ledger verify",
        )
    return Waiting(id=entry_id, body=body, leaf=leaf, attached=row["attached"])


def _signed_frontier(connection: sa.Connection, notes: Notes) -> Frontier:
    """Return the newest frontier after comparing it with its signed checkpoint.

    Otherwise whoever writes to the database could have us sign another history.
    """
    row = connection.execute(_NEWEST).one_or_none()
    if row is None:
        return Frontier()
    frontier = Frontier.from_bytes(blob(row.frontier))
    checkpoint = notes.open(row.note)
    if (frontier.size, frontier.root()) != (checkpoint.size, checkpoint.root):
        raise IntegrityError(
            "the stored frontier is not the tree's", hint="strongroom ledger verify"
        )
    return frontier


def newest_frontier(connection: sa.Connection) -> Frontier:
    """Return the frontier under the newest checkpoint.

    Raises:
        IntegrityError: The stored frontier is damaged.
    """
    row = connection.execute(_NEWEST).one_or_none()
    return Frontier() if row is None else Frontier.from_bytes(blob(row.frontier))


def newest_note(connection: sa.Connection) -> str | None:
    """Return the text of the newest signed checkpoint, unverified.

    Raises:
        IntegrityError: It is no text.
    """
    row = connection.execute(_NEWEST).one_or_none()
    return None if row is None else text(row.note)


def tile_reader(connection: sa.Connection) -> TileReader:
    """Return a reader of the stored tiles."""

    def read(level: int, number: int) -> bytes:
        data = connection.execute(_TILE, {"level": level, "number": number}).scalar()
        if data is None:
            raise IntegrityError(
                f"tile {level}/{number} of the ledger is missing",
                hint="strongroom ledger verify",
            )
        return blob(data)

    return read
