"""Entries of one transaction, written together when it ends.

Nothing of them is in the database before: not their ids, which are drawn last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from strongroom.database import tables
from strongroom.database.bulk import insert_rows
from strongroom.database.guards import Guards, RowChange
from strongroom.database.times import format_time
from strongroom.ledger.events import Encoded, Event


@dataclass(slots=True, kw_only=True)
class Pending:
    """What a transaction recorded so far.

    Attributes:
        now: When, aware UTC; the same for every entry of it.
        at: The same as text.
        entries: Kind and content, in order.
    """

    now: datetime
    at: str = field(init=False)
    entries: list[tuple[str, Encoded]] = field(default_factory=list)
    _rows: list[tuple[int, RowChange]] = field(default_factory=list)
    _private: list[tuple[int, str, Encoded]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Write the time once: that costs as much as a leaf hash."""
        self.at = format_time(self.now)

    def __len__(self) -> int:
        """Return how many entries there are."""
        return len(self.entries)

    def add(self, event: Event, encoded: Encoded, changes: Sequence[RowChange]) -> None:
        """Take an entry; of several changes of one row it names the last."""
        number = len(self.entries)
        self.entries.append((event.kind, encoded))
        if encoded.private is not None:
            subject = event.subject or event.actor or ""
            self._private.append((number, subject, encoded))
        if changes:
            last = {(c.table, c.id): c for c in changes}
            self._rows += [(number, change) for change in last.values()]

    def write(
        self,
        connection: sa.Connection,
        ids: Sequence[int],
        guards: Guards,
        *,
        position: int | None = None,
    ) -> list[bytes]:
        """Insert everything and return the leaf hashes in order.

        Args:
            connection: Of the transaction.
            ids: One for each entry, ascending.
            guards: MACs of the entries.
            position: Index of the first of them in the tree, if it has one now.

        Raises:
            UnavailableError: The room is locked.
        """
        leaves = [encoded.leaf for _, encoded in self.entries]
        self._write_entries(connection, ids, leaves, guards, position)
        if self._rows:
            rows = [(ids[n], c.table, c.id, c.revision, c.mac) for n, c in self._rows]
            insert_rows(connection, tables.entry_rows, rows)
        if self._private:
            texts = [
                (ids[n], subject, encoded.salt, (encoded.private or b"").decode())
                for n, subject, encoded in self._private
            ]
            insert_rows(connection, tables.private_facts, texts)
        return leaves

    def _write_entries(
        self,
        connection: sa.Connection,
        ids: Sequence[int],
        leaves: Sequence[bytes],
        guards: Guards,
        position: int | None,
    ) -> None:
        macs = guards.entry_macs(self.now, ids, leaves)
        count = len(self.entries)
        places: Sequence[int | None] = (
            [None] * count if position is None else range(position, position + count)
        )
        rows = [
            (number, place, self.at, kind, encoded.body, leaf, mac, encoded.attached)
            for number, place, (kind, encoded), leaf, mac in zip(
                ids, places, self.entries, leaves, macs, strict=True
            )
        ]
        insert_rows(connection, tables.entries, rows)
