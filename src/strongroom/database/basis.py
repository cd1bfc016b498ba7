"""What a decision rests on: the guarded rows that its transaction read.

A row that was put back, or hidden, while somebody decided can be put forward
again before anybody looks.  So entries also say what was read, and the replay
(``ledger.replay``) compares that with what the ledger had recorded by then.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from strongroom import canonical


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsRead:
    """Every row below a prefix, as a decision that counts saw them.

    Attributes:
        table: Name of the table.
        prefix: How the ids begin; ends in ``/``, or is empty.
        after: How many of the changes that the same entry names were made before.
        digest: From ``counted.digest_of``.
        listed: Whether it is from ``digest_of_list``, as no entry has it any more.
    """

    table: str
    prefix: str
    after: int
    digest: bytes
    listed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RowUsed:
    """One row as a decision saw it; its MAC follows from its revision."""

    table: str
    id: str
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What one entry says about what its transaction read before it.

    Attributes:
        seen: How many entries the ledger had when the transaction began.
        reads: What was counted.
        used: Single rows.
    """

    seen: int
    reads: tuple[RowsRead, ...] = ()
    used: tuple[RowUsed, ...] = ()

    def __bool__(self) -> bool:
        """Return whether anything was read."""
        return bool(self.reads or self.used)

    def to_json(self) -> dict[str, canonical.Json]:
        """Return the member ``basis`` of an entry."""
        return {
            "seen": self.seen,
            "counted": [
                [r.table, r.prefix, r.after, r.digest.hex()] for r in self.reads
            ],
            "used": [[u.table, u.id, u.revision] for u in self.used],
        }


@dataclass(slots=True)
class Reads:
    """What one transaction read so far, and how much of it an entry names."""

    _sets: list[RowsRead] = field(default_factory=list)
    _rows: dict[tuple[str, str], int] = field(default_factory=dict)
    _named: int = 0

    def add_set(self, read: RowsRead) -> None:
        """Remember what was counted; a part of what is there already adds nothing."""
        if not any(
            known.table == read.table
            and known.after == read.after
            and read.prefix.startswith(known.prefix)
            for known in self._sets
        ):
            self._sets.append(read)

    def add_row(self, table: str, row_id: str, revision: int) -> None:
        """Remember a row; what was seen of it first counts."""
        self._rows.setdefault((table, row_id), revision)

    def take(self, seen: int, changed: Iterable[tuple[str, str]]) -> Basis:
        """Return what no entry names yet; it is named from now on.

        Args:
            seen: Size of the ledger when the transaction began.
            changed: Table and id of rows that the entry names as changed: their
                revisions say already which one was read.
        """
        told = set(changed)
        fresh = list(self._rows.items())[self._named :]
        self._named = len(self._rows)
        reads, self._sets = tuple(self._sets), []
        used = tuple(
            RowUsed(table=table, id=row_id, revision=revision)
            for (table, row_id), revision in fresh
            if (table, row_id) not in told
        )
        return Basis(seen=seen, reads=reads, used=used)


def digest_of_list(
    table: str, prefix: str, rows: Iterable[tuple[str, int, bytes]]
) -> bytes:
    """Return the 32-byte SHA-256 of rows below a prefix, as old entries have it.

    Args:
        table: Name of the table.
        prefix: How every id begins.
        rows: Id, revision and 32-byte MAC of each, ordered by the bytes of the id.
    """
    # ``encode`` costs 1 us a field, which is too much for thousands of rows.
    parts = [canonical.encode("strongroom/v1/read", table, prefix)]
    for row_id, revision, mac in rows:
        name = row_id.encode()
        parts += (len(name).to_bytes(4, "big"), name, revision.to_bytes(8, "big"), mac)
    return hashlib.sha256(b"".join(parts)).digest()
