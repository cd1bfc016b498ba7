"""Goes through the entries and remembers what each says of the guarded rows.

An entry names the rows that changed with it, and the rows that its transaction
had read.  So after any number of entries it is known what every row has to be,
and at each entry, what a decision had to see.

**Why the order of the entries is the order of the reads.**  On SQLite one
transaction writes at a time.  On PostgreSQL, two facts carry it.

1. Whoever counts rows below a prefix holds a lock (of a lineage, a permit, an
   account) from before the read until the commit, and so does everybody who
   writes there.  So the transactions that read or write below one prefix follow
   one another: the later one begins to read when the earlier one is committed.
2. The ids of a transaction's entries are drawn at its end, from a sequence without
   a cache, so those of the later transaction are higher.  Whoever gives indexes
   gives them first to all committed entries that it sees, in the order of their
   ids, and then to its own.  Whoever sees the later transaction, or is it, sees
   the earlier one too, because that was visible before its locks were free.

Hence, of two such transactions, all entries of the earlier come first.

Single rows are read without a lock, so one may change between the read and the
commit.  Therefore an entry says how many entries its transaction could see when
it began; what these changed, it had to see.
"""

from __future__ import annotations

import hmac
from bisect import insort
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from strongroom.database.basis import RowsRead, RowUsed, digest_of_list
from strongroom.database.counted import RowSet, line_of
from strongroom.database.guards import RowChange
from strongroom.ledger.rows import Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionFinding:
    """Something that was done in sight of other rows than the ledger's.

    Attributes:
        position: Index of the entry; ``None`` while it waits for one.
        table: Name of the table.
        id: Of a row; or the beginning of ids with a ``/`` at its end, empty for all.
        problem: ``unseen``: a decision did not see every row as it was;
            ``outdated``: one relied on a row that had changed before.
    """

    position: int | None
    table: str
    id: str
    problem: Literal["unseen", "outdated"]

    def __str__(self) -> str:
        """Return one sentence."""
        entry = "a waiting entry" if self.position is None else f"entry {self.position}"
        if self.problem == "unseen":
            rows = f"{self.table} below {self.id}" if self.id else self.table
            return f"{entry}: a decision did not see every row of {rows}"
        return f"{entry} relies on {self.table} {self.id} as it was before"


class Named(NamedTuple):
    """What an entry said of a row.

    Attributes:
        position: Index of the entry; ``None`` while it waits for one.
        revision: Of the row.
        mac: Of the row, 32 bytes.
    """

    position: int | None
    revision: int
    mac: bytes


@dataclass(slots=True)
class Replay:
    """What the entries so far say of every guarded row.

    Attributes:
        named: The newest naming of each row, by table and id.
        repeated: Rows named with a revision that does not follow the one before,
            with the index of the entry: they were put back and changed since.
        findings: Decisions that did not see what they had to see.
    """

    named: dict[tuple[str, str], Named] = field(default_factory=dict)
    repeated: list[tuple[str, str, int | None]] = field(default_factory=list)
    findings: list[DecisionFinding] = field(default_factory=list)
    _taken: int = 0
    _began: int = 0
    _history: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    _below: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _counted: dict[tuple[str, str], RowSet] = field(default_factory=dict)
    _digests: dict[tuple[str, str], bytes] = field(default_factory=dict)

    @classmethod
    def resumed(
        cls,
        named: Mapping[tuple[str, str], Named],
        entries: int,
        counted: Set[tuple[str, str]],
    ) -> Replay:
        """Return a replay that goes on after ``entries`` entries.

        Args:
            named: What the entries so far said of the rows that will occur.
            entries: How many there were.
            counted: Tables and prefixes below which will be counted.
        """
        replay = cls(named=dict(named), _taken=entries, _began=entries)
        for table, row_id in sorted(named) if counted else ():
            for prefix in prefixes_of(row_id):
                if prefix and (table, prefix) in counted:
                    replay._below.setdefault((table, prefix), []).append(row_id)
        return replay

    def take(self, rows: Rows, position: int | None) -> None:
        """Go on by one entry.

        Args:
            rows: What it says of guarded rows.
            position: Its index; ``None`` while it waits for one.
        """
        for used in rows.basis.used:
            if self._superseded(used, rows.basis.seen):
                self._find(position, used.table, used.id, "outdated")
        done = 0
        for read in sorted(rows.basis.reads, key=lambda read: read.after):
            for change in rows.changes[done : read.after]:
                self._change(change, position)
            done = max(done, read.after)
            if not hmac.compare_digest(self._digest(read), read.digest):
                self._find(position, read.table, read.prefix, "unseen")
        for change in rows.changes[done:]:
            self._change(change, position)
        self._taken += 1

    def _find(
        self,
        position: int | None,
        table: str,
        row_id: str,
        problem: Literal["unseen", "outdated"],
    ) -> None:
        self.findings.append(
            DecisionFinding(position=position, table=table, id=row_id, problem=problem)
        )

    def _change(self, change: RowChange, position: int | None) -> None:
        key = (change.table, change.id)
        before = self.named.get(key)
        if change.revision != (before.revision if before else 0) + 1:
            self.repeated.append((*key, position))
        self.named[key] = Named(position, change.revision, change.mac)
        self._history.setdefault(key, []).append(self._taken)
        for prefix in prefixes_of(change.id):
            below = (change.table, prefix)
            self._digests.pop(below, None)
            if before is None and prefix:
                insort(self._below.setdefault(below, []), change.id)
            if below in self._counted:
                self._hang(self._counted[below], change.id, before, self.named[key])

    def _superseded(self, used: RowUsed, seen: int) -> bool:
        """Return whether a row was used that had changed before ``seen`` entries."""
        key = (used.table, used.id)
        newest = self.named.get(key)
        if newest is None or used.revision > newest.revision or used.revision < 1:
            return True
        if used.revision == newest.revision:
            return False
        history = self._history.get(key, [])
        ago = newest.revision - used.revision  # namings since the one that was used
        following = history[-ago] if ago <= len(history) else self._began - 1
        return following < seen

    @staticmethod
    def _hang(rows: RowSet, row_id: str, before: Named | None, now: Named) -> None:
        """Put a row in the place of what was said of it before."""
        if before is not None:
            rows.remove(line_of(row_id, before.revision, before.mac))
        rows.add(line_of(row_id, now.revision, now.mac))

    def _digest(self, read: RowsRead) -> bytes:
        """Return what ``read`` had to see."""
        key = (read.table, read.prefix)
        if read.listed:
            if key not in self._digests:
                self._digests[key] = digest_of_list(*key, self._rows_below(key))
            return self._digests[key]
        if key not in self._counted:  # kept up from now on
            self._counted[key] = RowSet(line_of(*r) for r in self._rows_below(key))
        return self._counted[key].digest(*key)

    def _rows_below(self, key: tuple[str, str]) -> Iterator[tuple[str, int, bytes]]:
        """Yield id, revision and MAC of each row; text sorts as its UTF-8 does."""
        table, prefix = key
        ids = self._below.get(key, ()) if prefix else self._every_id(table)
        for row_id in ids:
            known = self.named[table, row_id]
            yield row_id, known.revision, known.mac

    def _every_id(self, table: str) -> list[str]:
        """Return the ids of a whole table, of which no list is kept up."""
        return sorted(row_id for name, row_id in self.named if name == table)


def prefixes_of(row_id: str) -> Iterator[str]:
    """Yield every beginning of an id that ends in ``/``, and the empty one."""
    yield ""
    end = row_id.find("/")
    while end >= 0:
        yield row_id[: end + 1]
        end = row_id.find("/", end + 1)
