"""A digest of rows that costs what changed, not how many rows there are.

The replay compares what every decision counted with what the ledger had by then.
Were the digest one hash of a list, as it once was, each decision would have all rows
hashed again, and a room's replay would grow with the square of its decisions.

So the rows hang on a tree of hashes: sixteen branches at each step, by the digits of a
row's MAC, which nobody without the guard key can choose.  What is below a branch is
hashed anew only if a row below it changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from strongroom import canonical

MOST_IN_LEAF = 16
"""Rows that hang together; 16 of them are hashed about as fast as a branch."""

_DIGITS = 64  # of a MAC of 32 bytes, in hexadecimal


class RowSet:
    """Rows, each as ``line_of`` writes it, and the hash of all of them."""

    __slots__ = ("_branches", "_count", "_depth", "_hash", "_lines")

    def __init__(self, lines: Iterable[bytes] = (), *, depth: int = 0) -> None:
        """Hang up rows; those at ``depth`` have as many digits in common."""
        self._depth = depth
        self._lines = set(lines)
        self._count = len(self._lines)
        self._branches: list[RowSet] = []
        self._hash: bytes | None = None
        self._branch()

    def __iter__(self) -> Iterator[bytes]:
        """Yield every row, in no order."""
        yield from self._lines
        for branch in self._branches:
            yield from branch

    def add(self, line: bytes) -> None:
        """Hang up one more row."""
        self._hash = None
        self._count += 1
        if self._branches:
            self._branches[self._digit(line)].add(line)
        else:
            self._lines.add(line)
            self._branch()

    def remove(self, line: bytes) -> None:
        """Take a row away that hangs here."""
        self._hash = None
        self._count -= 1
        if not self._branches:
            self._lines.remove(line)
            return
        self._branches[self._digit(line)].remove(line)
        if self._count <= MOST_IN_LEAF:
            self._lines, self._branches = set(self), []

    def digest(self, table: str, prefix: str) -> bytes:
        """Return the 32-byte digest of these rows, as those below a prefix."""
        return canonical.digest("strongroom/v1/counted", table, prefix, self.tree())

    def tree(self) -> bytes:
        """Return the 32-byte hash of the rows alone."""
        if self._hash is None:
            parts = [branch.tree() for branch in self._branches]
            parts = [b"\1", *parts] if parts else [b"\0", *sorted(self._lines)]
            self._hash = hashlib.sha256(b"".join(parts)).digest()
        return self._hash

    def _branch(self) -> None:
        """Hang what is too much for one leaf on branches, if digits are left."""
        if len(self._lines) <= MOST_IN_LEAF or self._depth == _DIGITS:
            return
        groups: list[list[bytes]] = [[] for _ in range(16)]
        for line in self._lines:
            groups[self._digit(line)].append(line)
        self._branches = [RowSet(group, depth=self._depth + 1) for group in groups]
        self._lines = set()

    def _digit(self, line: bytes) -> int:
        byte = line[self._depth >> 1]
        return byte & 15 if self._depth & 1 else byte >> 4


def line_of(row_id: str, revision: int, mac: bytes) -> bytes:
    """Return a row as it is hashed; it begins with its 32-byte MAC."""
    # ``encode`` costs 1 us a field, which is too much for thousands of rows.
    name = row_id.encode()
    return b"".join(
        (mac, revision.to_bytes(8, "big"), len(name).to_bytes(4, "big"), name)
    )


def digest_of(table: str, prefix: str, rows: Iterable[tuple[str, int, bytes]]) -> bytes:
    """Return the 32-byte digest of rows below a prefix.

    Args:
        table: Name of the table.
        prefix: How every id begins.
        rows: Id, revision and 32-byte MAC of each, in any order.
    """
    return RowSet(line_of(*row) for row in rows).digest(table, prefix)
