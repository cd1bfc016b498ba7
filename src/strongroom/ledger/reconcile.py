"""Replays the ledger and names every guarded row that is not what it recorded.

Each entry names the guarded rows that changed with it, by table, id, revision
and MAC.  The newest naming of each row is therefore what the table must hold:
a row that is gone was deleted, one that nothing names was forged, one with an
older MAC was put back, and one whose content does not fit its MAC was altered.

This needs no knowledge of what the rows mean, so no stage has to hand in a
fold of its own (``docs/decisions/0003-rows-are-named-in-entries.md``).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from strongroom import canonical
from strongroom.database import tables
from strongroom.database.columns import metadata
from strongroom.database.engine import Transaction
from strongroom.errors import IntegrityError
from strongroom.ledger.events import MAX_ATTACHED_BYTES, MAX_ENTRY_BYTES
from strongroom.ledger.log import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFinding:
    """A guarded row that differs from the ledger.

    Attributes:
        table: Name of the table.
        id: Id of the row.
        problem: What happened to it.
        position: Index of the entry that last named it, if any did.
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


@dataclass(frozen=True, slots=True)
class _Named:
    position: int
    revision: int
    mac: bytes


def reconcile(ledger: Ledger, transaction: Transaction) -> list[RowFinding]:
    """Return every difference between the guarded tables and the ledger.

    Raises:
        IntegrityError: An entry cannot be read; ``checks.check_all`` says more.
    """
    named, findings = _replay(ledger, transaction)
    findings += _check_index(transaction, named)
    for table in guarded_tables():
        expected = {key[1]: n for key, n in named.items() if key[0] == table.name}
        findings += _compare(transaction, table, expected)
    return findings


def guarded_tables() -> list[sa.Table]:
    """Return every table whose rows carry a revision and a MAC."""
    return [
        table
        for table in metadata.sorted_tables
        if {"id", "revision", "mac"} <= set(table.c.keys())
    ]


def _replay(
    ledger: Ledger, transaction: Transaction
) -> tuple[dict[tuple[str, str], _Named], list[RowFinding]]:
    """Return the newest naming of every row, and every row that was put back.

    Revisions of a row count up by one from entry to entry.  A row that was put
    back and then changed in good faith has a revision a second time.
    """
    named: dict[tuple[str, str], _Named] = {}
    findings = []
    for entry in ledger.entries(transaction, 0):
        document = canonical.from_json(entry.body, at_most_bytes=MAX_ENTRY_BYTES)
        rows = _rows(document)
        if entry.attached is not None:
            attached = canonical.from_json(
                entry.attached, at_most_bytes=MAX_ATTACHED_BYTES
            )
            rows = [*rows, *_rows(attached)]
        position = entry.position or 0
        for table, row_id, revision, mac in rows:
            before = named.get((table, row_id))
            if revision != (before.revision if before else 0) + 1:
                findings.append(
                    RowFinding(
                        table=table, id=row_id, problem="restored", position=position
                    )
                )
            named[table, row_id] = _Named(position, revision, mac)
    return named, findings


def _rows(document: canonical.Json) -> list[tuple[str, str, int, bytes]]:
    rows = document.get("rows") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise IntegrityError("an entry does not name its rows")
    try:
        return [
            (str(table), str(row_id), int(revision), bytes.fromhex(mac))
            for table, row_id, revision, mac in rows
        ]
    except (TypeError, ValueError):
        raise IntegrityError("an entry does not name its rows") from None


def _compare(
    transaction: Transaction, table: sa.Table, expected: dict[str, _Named]
) -> Iterator[RowFinding]:
    seen: set[str] = set()
    statement = sa.select(table).order_by(table.c.id)
    for row in transaction.connection.execute(statement):
        values = row._asdict()
        row_id, stored = str(values["id"]), bytes(values.pop("mac"))
        seen.add(row_id)
        problem = _problem(transaction, table, values, stored, expected.get(row_id))
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
    values: dict[str, object],
    stored: bytes,
    named: _Named | None,
) -> Literal["forged", "altered", "restored"] | None:
    mac = transaction.guards.mac(table.name, values)
    if not hmac.compare_digest(mac, stored):
        return "altered" if named else "forged"
    if named is None:
        return "forged"
    return None if hmac.compare_digest(mac, named.mac) else "restored"


def _check_index(
    transaction: Transaction, named: dict[tuple[str, str], _Named]
) -> list[RowFinding]:
    """Compare ``entry_rows``, which every use of a row consults, with the entries."""
    columns = tables.entry_rows.c
    newest: dict[tuple[str, str], bytes] = {}
    statement = sa.select(columns.table_name, columns.row_id, columns.mac).order_by(
        columns.entry_id
    )
    for table, row_id, mac in transaction.connection.execute(statement):
        newest[table, row_id] = bytes(mac)
    findings = []
    for (table, row_id), known in named.items():
        if newest.get((table, row_id)) != known.mac:
            findings.append(
                RowFinding(
                    table=table,
                    id=row_id,
                    problem="unindexed",
                    position=known.position,
                )
            )
    return findings
