"""Gives entries their index and signs the tree over them.

On SQLite this runs inside the transaction that made the entries.  On PostgreSQL
ids commit out of order, so one sequencer at a time holds an advisory lock and
indexes every entry that has no index, in id order; the unique ``previous_size``
makes two sequencers that got past the lock collide instead of fork.

Source: DESIGN section 3, "Ledger formats".
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from strongroom.crypto.signing import SigningKey
from strongroom.database import tables
from strongroom.database.guards import Guards
from strongroom.errors import IntegrityError
from strongroom.ledger.checkpoint import Checkpoint, VerifierKey
from strongroom.ledger.frontier import Frontier
from strongroom.ledger.tiles import TileReader, updated_tiles
from strongroom.ledger.tree import leaf_hash

_LOCK = 0x5354524F4E47  # "STRONG": the advisory lock of the sequencer


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


def sequence(
    connection: sa.Connection, *, origin: str, signer: SigningKey, guards: Guards
) -> None:
    """Index every entry without an index and store the next checkpoint.

    Args:
        connection: Of a transaction that nobody else sequences beside.
        origin: Name of the ledger.
        signer: Signs the checkpoint; the one before must be signed by it too.
        guards: MACs of the entries that wait.

    Raises:
        ConflictError: Another sequencer extended the same tree.
        IntegrityError: The stored tiles or frontier are damaged, or somebody
            put an entry there that this room did not write.
    """
    columns = tables.entries.c
    fresh = waiting(connection, guards)
    if not fresh:
        return
    before = _signed_frontier(connection, origin, signer)
    leaves = [row.leaf for row in fresh]
    connection.execute(
        sa.update(tables.entries).where(columns.id == sa.bindparam("entry")),
        [
            {"entry": row.id, "position": before.size + offset}
            for offset, row in enumerate(fresh)
        ],
    )
    for tile in updated_tiles(tile_reader(connection), before.size, leaves):
        _store(connection, tile.level, tile.number, tile.data)
    after = before.extend(leaves)
    checkpoint = Checkpoint(origin=origin, size=after.size, root=after.root())
    connection.execute(
        sa.insert(tables.checkpoints).values(
            size=after.size,
            previous_size=before.size,
            frontier=after.to_bytes(),
            note=checkpoint.sign(signer.sign_bytes, public=signer.public.raw),
        )
    )


def waiting(connection: sa.Connection, guards: Guards) -> list[Waiting]:
    """Return the entries without an index, in the order in which they get one.

    Raises:
        IntegrityError: This room did not write one of them.
        UnavailableError: The room is locked.
    """
    columns = tables.entries.c
    rows = connection.execute(
        sa.select(columns.id, columns.at, columns.body, columns.leaf, columns.mac)
        .add_columns(columns.attached)
        .where(columns.position.is_(None))
        .order_by(columns.id)
    )
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


def _signed_frontier(
    connection: sa.Connection, origin: str, signer: SigningKey
) -> Frontier:
    """Return the newest frontier after comparing it with its signed checkpoint.

    Otherwise whoever writes to the database could have us sign another history.
    """
    frontier, note = newest_frontier(connection), newest_note(connection)
    if note is None:
        return frontier
    checkpoint = Checkpoint.open(
        note,
        key=VerifierKey(origin=origin, public=signer.public.raw),
        verify=signer.public.verify_bytes,
    )
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
    columns = tables.checkpoints.c
    data = connection.execute(
        sa.select(columns.frontier).order_by(columns.size.desc()).limit(1)
    ).scalar()
    return Frontier() if data is None else Frontier.from_bytes(data)


def newest_note(connection: sa.Connection) -> str | None:
    """Return the text of the newest signed checkpoint, unverified."""
    columns = tables.checkpoints.c
    return connection.execute(
        sa.select(columns.note).order_by(columns.size.desc()).limit(1)
    ).scalar()


def newest_body(connection: sa.Connection, kind: str) -> bytes | None:
    """Return the body of the newest entry of a kind, if there is one."""
    columns = tables.entries.c
    return connection.execute(
        sa.select(columns.body)
        .where(columns.kind == kind)
        .order_by(columns.id.desc())
        .limit(1)
    ).scalar()


def tile_reader(connection: sa.Connection) -> TileReader:
    """Return a reader of the stored tiles."""
    columns = tables.tiles.c

    def read(level: int, number: int) -> bytes:
        data = connection.execute(
            sa.select(columns.hashes).where(
                columns.level == level, columns.number == number
            )
        ).scalar()
        if data is None:
            raise IntegrityError(
                f"tile {level}/{number} of the ledger is missing",
                hint="strongroom ledger verify",
            )
        return bytes(data)

    return read


def _store(connection: sa.Connection, level: int, number: int, hashes: bytes) -> None:
    columns = tables.tiles.c
    updated = connection.execute(
        sa.update(tables.tiles)
        .where(columns.level == level, columns.number == number)
        .values(hashes=hashes)
    )
    if updated.rowcount == 0:
        connection.execute(
            sa.insert(tables.tiles).values(level=level, number=number, hashes=hashes)
        )
