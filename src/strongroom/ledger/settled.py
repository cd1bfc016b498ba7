"""From which checkpoint on the room demands two signatures, as its ledger says.

``room.toml`` pins it outside the database, so that whoever can forge one of the two
cannot rewrite the ledger without the other.  The ledger keeps who agreed to it.  The
newest switch counts if the checkpoint over it carries what the pin demands.
"""

from __future__ import annotations

import sqlalchemy as sa

from strongroom.database import tables
from strongroom.database.cells import text
from strongroom.errors import IntegrityError
from strongroom.ledger.log import Ledger, Reading
from strongroom.ledger.second import Switch, switches
from strongroom.ledger.tree import inclusion_proof, leaf_hash, verify_inclusion


def settle(ledger: Ledger) -> None:
    """Let the ledger demand what its newest switch says.

    Raises:
        IntegrityError: The switch is not in the tree of the checkpoint over it, is
            older than the one that ``room.toml`` knows, or that checkpoint carries
            fewer signatures than ``room.toml`` demands.
    """
    with ledger.reading() as reading:
        sequenced = [s for s in switches(reading.connection) if s.position is not None]
        if not sequenced:
            if ledger.notes.since is not None:
                raise _altered()
            return
        newest = sequenced[0]
        # Else an end of it could be forged below the size from which two are needed.
        if (newest.position or 0) + 1 < (ledger.notes.since or 0):
            raise _altered()
        position = _verified(ledger, reading, newest)
    ledger.notes.demand(position + 1 if newest.both else None)


def covering_note(connection: sa.Connection, position: int) -> str | None:
    """Return the first checkpoint over an entry, unverified; ``None`` if none is.

    Raises:
        IntegrityError: It is no text.
    """
    columns = tables.checkpoints.c
    note = connection.execute(
        sa.select(columns.note)
        .where(columns.size > position)
        .order_by(columns.size)
        .limit(1)
    ).scalar()
    return None if note is None else text(note)


def _verified(ledger: Ledger, reading: Reading, switch: Switch) -> int:
    """Return the position of a switch that a checkpoint covers."""
    position = switch.position
    if position is None:
        raise _altered()
    note = covering_note(reading.connection, position)
    if note is None:
        raise _altered()
    covering = ledger.notes.open(note)
    if covering.size <= position:
        raise _altered()
    proof = inclusion_proof(ledger.nodes(reading), index=position, size=covering.size)
    verify_inclusion(
        leaf_hash(switch.body),
        index=position,
        size=covering.size,
        proof=proof,
        root=covering.root,
    )
    return position


def _altered() -> IntegrityError:
    return IntegrityError(
        "the ledger does not say what room.toml does about second signatures",
        hint="strongroom ledger verify; restore a backup",
    )
