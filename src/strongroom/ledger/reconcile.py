"""Replays the ledger and names every guarded row that is not what it recorded.

Each entry names the guarded rows that changed with it, by table, id, revision
and MAC.  The newest naming of each row is therefore what the table must hold:
a row that is gone was deleted, one that nothing names was forged, one with an
older MAC was put back, and one whose content does not fit its MAC was altered.

Each entry also says what was read for it.  So a row that was hidden or put back
while somebody decided, and put forward again since, is found too (``replay``).

This needs no knowledge of what the rows mean, so no stage has to hand in a
fold of its own (``docs/decisions/0003-rows-are-named-in-entries.md``).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import sqlalchemy as sa

from strongroom.database import tables
from strongroom.database.columns import metadata
from strongroom.database.engine import Transaction
from strongroom.database.times import UtcDateTime, parse_time
from strongroom.errors import InputError
from strongroom.ledger.log import Ledger
from strongroom.ledger.replay import DecisionFinding, Named, Replay
from strongroom.ledger.rows import rows_of
from strongroom.ledger.sequencer import waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFinding:
    """A guarded row that differs from the ledger.

    Attributes:
        table: Name of the table.
        id: Id of the row.
        problem: What happened to it.
        position: Index of the entry that last named it; ``None`` if none did, or
            if that entry still waits for its index.
    """

    table: str
    id: str
    problem: Literal["deleted", "forged", "altered", "restored", "unindexed"]
    position: int | None

    def __str__(self) -> str:
        """Return one sentence."""
        since = (
            "" if self.position is None else f" (last named by entry {self.position})"
        )
        return f"{self.table} {self.id} was {self.problem}{since}"


Finding: TypeAlias = RowFinding | DecisionFinding


def reconcile(ledger: Ledger, transaction: Transaction) -> list[Finding]:
    """Return every difference between the guarded tables and the ledger.

    Raises:
        IntegrityError: An entry cannot be read; ``checks.check_all`` says more.
            Or one that waits for its index was not written by this room.
    """
    replay = replay_all(ledger, transaction)
    return [*past(replay), *differences(transaction, replay)]


def differences(transaction: Transaction, replay: Replay) -> list[RowFinding]:
    """Return which rows are not what they should be now."""
    findings = _check_index(transaction, replay.named)
    for table in guarded_tables():
        expected = {
            key[1]: n for key, n in replay.named.items() if key[0] == table.name
        }
        findings += _compare(transaction, table, expected)
    return findings


def past(replay: Replay) -> list[Finding]:
    """Return what was done in sight of other rows, which stays true for ever.

    Revisions of a row count up by one from entry to entry; one that was put back
    and then changed in good faith has a revision a second time.
    """
    put_back = [
        RowFinding(table=table, id=row_id, problem="restored", position=position)
        for table, row_id, position in replay.repeated
    ]
    return [*put_back, *replay.findings]


def guarded_tables() -> list[sa.Table]:
    """Return every table whose rows carry a revision and a MAC."""
    return [
        table
        for table in metadata.sorted_tables
        if {"id", "revision", "mac"} <= set(table.c.keys())
    ]


def replay_all(ledger: Ledger, transaction: Transaction) -> Replay:
    """Return what all entries say of guarded rows.

    Beside a busy server some entries wait for their index; they count as well.
    """
    replay = Replay()
    for entry in ledger.entries(transaction, 0):
        replay.take(rows_of(entry.body, entry.attached), entry.position)
    for late in waiting(transaction.connection, transaction.guards):
        replay.take(rows_of(late.body, late.attached), None)
    return replay


def _compare(
    transaction: Transaction, table: sa.Table, expected: dict[str, Named]
) -> Iterator[RowFinding]:
    seen: set[str] = set()
    plain = (sa.type_coerce(c, sa.types.NullType()).label(c.name) for c in table.c)
    statement = sa.select(*plain).order_by(table.c.id)
    for row in transaction.connection.execute(statement):
        row_id = str(row.id)
        seen.add(row_id)
        problem = _problem(transaction, table, row._asdict(), expected.get(row_id))
        if problem is not None:
            known = expected.get(row_id)
            yield RowFinding(
                table=table.name,
                id=row_id,
                problem=problem,
                position=known.position if known else None,
            )
    for row_id in sorted(expected.keys() - seen):
        yield RowFinding(
            table=table.name,
            id=row_id,
            problem="deleted",
            position=expected[row_id].position,
        )


def _problem(
    transaction: Transaction,
    table: sa.Table,
    cells: dict[str, Any],
    named: Named | None,
) -> Literal["forged", "altered", "restored"] | None:
    stored = cells.pop("mac")
    try:
        values = {name: _typed(table.c[name], cell) for name, cell in cells.items()}
        mac = transaction.guards.mac(table.name, values)
        authentic = hmac.compare_digest(mac, stored)
    except (TypeError, ValueError, InputError):  # cells of another type
        authentic = False
    if named is None:
        return "forged"
    if not authentic:
        return "altered"
    return None if hmac.compare_digest(mac, named.mac) else "restored"


def _typed(column: sa.Column[Any], cell: object) -> object:
    """Return a plain cell as the MAC covers it."""
    is_time = isinstance(column.type, UtcDateTime) and cell is not None
    return parse_time(str(cell)) if is_time else cell


def _check_index(
    transaction: Transaction, named: dict[tuple[str, str], Named]
) -> list[RowFinding]:
    """Compare ``entry_rows``, which every use of a row consults, with the entries."""
    columns = tables.entry_rows.c
    newest: dict[tuple[str, str], tuple[int, bytes]] = {}
    statement = sa.select(
        columns.table_name, columns.row_id, columns.revision, columns.mac
    ).order_by(columns.entry_id)
    for table, row_id, *stated in transaction.connection.execute(statement):
        newest[table, row_id] = (stated[0], stated[1])
    differing = [
        key
        for key, known in named.items()
        if newest.get(key) != (known.revision, known.mac)
    ]
    # A note of a row that no entry names would have it missed, and its like refused.
    differing += sorted(newest.keys() - named.keys())
    return [
        RowFinding(
            table=table,
            id=row_id,
            problem="unindexed",
            position=named[table, row_id].position
            if (table, row_id) in named
            else None,
        )
        for table, row_id in differing
    ]
