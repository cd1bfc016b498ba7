"""Proof of what a ledger demands of checkpoints, for those who do not read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from strongroom.crypto.custody.port import Anchor
from strongroom.crypto.mldsa import MlDsaKey
from strongroom.crypto.parts import Evidence
from strongroom.database import tables
from strongroom.database.cells import text
from strongroom.errors import IntegrityError
from strongroom.ledger.checkpoint import parse_text
from strongroom.ledger.log import Ledger, Reading
from strongroom.ledger.note import split_note
from strongroom.ledger.second import Demand, switches
from strongroom.ledger.tree import inclusion_proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An entry about second signatures, as it is shown to others; not verified.

    Attributes:
        evidence: The entry under ``anchor``.
        anchor: The first checkpoint over it, signed as was demanded before.
        second: The key that the entry names; ``None`` if it ends them.
    """

    evidence: Evidence
    anchor: Anchor
    second: MlDsaKey | None


def changes(ledger: Ledger, reading: Reading, *, above: int = 0) -> list[Change]:
    """Return the changes from the entry ``above`` on, in order.

    Of several that one checkpoint covers, the last counts.

    Raises:
        IntegrityError: The ledger names a key that is not pinned, or its checkpoints
            are not what was written.
    """
    found = {c.anchor.size: c for c in _changes(ledger, reading, above)}
    return list(found.values())


def _changes(ledger: Ledger, reading: Reading, above: int) -> Iterator[Change]:
    for switch in reversed(switches(reading.connection)):
        position = switch.position
        if position is None or position < above:
            continue
        note = _covering_note(reading.connection, position)
        covering = parse_text(split_note(note).text)
        nodes = ledger.nodes(reading)
        siblings = inclusion_proof(nodes, index=position, size=covering.size)
        yield Change(
            evidence=Evidence(
                entry=switch.body,
                attached=None,
                position=position,
                siblings=tuple(siblings),
                opening=b"",
            ),
            anchor=Anchor(size=covering.size, root=covering.root, note=note.encode()),
            second=_key(ledger, switch.demand),
        )


def _covering_note(connection: sa.Connection, position: int) -> str:
    columns = tables.checkpoints.c
    note = connection.execute(
        sa.select(columns.note)
        .where(columns.size > position)
        .order_by(columns.size)
        .limit(1)
    ).scalar()
    if note is None:
        raise IntegrityError(
            f"no checkpoint covers entry {position}", hint="strongroom ledger verify"
        )
    return text(note)


def _key(ledger: Ledger, demand: Demand) -> MlDsaKey | None:
    if not demand.both:
        return None
    for key in ledger.notes.seconds:
        if key.digest == demand.checkpoint:
            return key
    raise IntegrityError(
        "the ledger names a second key that room.toml does not pin",
        hint="put room.toml back as it was",
    )
