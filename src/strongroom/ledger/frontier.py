"""The right edge of the tree: all that a writer keeps to go on appending.

Source: "compact range" of Certificate Transparency's logs; RFC 9162 section 2.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.errors import InputError, IntegrityError
from strongroom.ledger.tree import (
    AT_MOST_ENTRIES,
    HASH_BYTES,
    NodeReader,
    complete_subtrees,
    joined_root,
    node_hash,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """The roots of the complete subtrees that make up a tree.

    Attributes:
        size: How many leaves the tree has.
        hashes: Roots of its complete subtrees, the largest and leftmost first,
            each 32 bytes; as many as ``size`` has one-bits.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Check the shape; only a signed checkpoint tells whether it is true.

        Raises:
            InputError: The number or the length of the hashes is wrong.
        """
        if not 0 <= self.size <= AT_MOST_ENTRIES:
            raise InputError(f"a ledger cannot have {self.size} entries")
        if len(self.hashes) != self.size.bit_count():
            raise InputError(f"{len(self.hashes)} hashes do not fit {self.size} leaves")
        if any(len(value) != HASH_BYTES for value in self.hashes):
            raise InputError(f"a hash of the frontier is not {HASH_BYTES} bytes")

    def append(self, leaf: bytes) -> Frontier:
        """Return the frontier after one more leaf hash of 32 bytes.

        Raises:
            InputError: ``leaf`` is not 32 bytes.
        """
        return self.extend((leaf,))

    def extend(self, leaves: Sequence[bytes]) -> Frontier:
        """Return the frontier after these leaf hashes, each 32 bytes, in order.

        Raises:
            InputError: A leaf is not 32 bytes.
        """
        return self.grown(self.completed(leaves))

    def completed(self, leaves: Sequence[bytes]) -> list[Sequence[bytes]]:
        """Return the subtree roots that ``leaves`` complete, level by level.

        Args:
            leaves: Hashes to append, 32 bytes each, in order.

        Returns:
            For each level from 0 up to the last that grows, the new roots in
            order; they follow the ``size >> level`` that were complete before.

        Raises:
            InputError: A leaf is not 32 bytes.
        """
        if any(len(leaf) != HASH_BYTES for leaf in leaves):
            raise InputError(f"a leaf hash does not have {HASH_BYTES} bytes")
        waiting = dict(zip(_levels(self.size), self.hashes, strict=True))
        found: list[Sequence[bytes]] = []
        row = leaves
        while row:
            found.append(row)
            left = waiting.get(len(found) - 1)
            row = row if left is None else [left, *row]
            row = [node_hash(*pair) for pair in zip(row[::2], row[1::2], strict=False)]
        return found

    def grown(self, completed: Sequence[Sequence[bytes]]) -> Frontier:
        """Return the frontier after the leaves for which ``completed`` was made."""
        size = self.size + (len(completed[0]) if completed else 0)
        newest = dict(zip(_levels(self.size), self.hashes, strict=True))
        newest |= {level: row[-1] for level, row in enumerate(completed)}
        return Frontier(size=size, hashes=tuple(newest[n] for n in _levels(size)))

    def root(self) -> bytes:
        """Return the 32-byte root; the empty tree has the hash of no bytes."""
        return joined_root(self.hashes)

    def to_bytes(self) -> bytes:
        """Return the size as a big-endian u64, then the hashes."""
        return self.size.to_bytes(8, "big") + b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, data: bytes) -> Frontier:
        """Return the frontier that ``to_bytes`` wrote.

        Whether it is the true one shows only against a checkpoint: compare both
        ``size`` and ``root()``.  (Sizes 3 and 5 with the same two hashes have the
        same root, so the root alone does not do.)

        Raises:
            IntegrityError: The length does not fit the size in the first 8 bytes.
        """
        size = int.from_bytes(data[:8], "big")
        if len(data) != 8 + HASH_BYTES * size.bit_count() or size > AT_MOST_ENTRIES:
            raise IntegrityError("the stored frontier is damaged")
        starts = range(8, len(data), HASH_BYTES)
        return cls(size=size, hashes=tuple(data[s : s + HASH_BYTES] for s in starts))


def _levels(size: int) -> list[int]:
    """Return the levels of the complete subtrees of a tree, the largest first."""
    return [n for n in range(size.bit_length() - 1, -1, -1) if size >> n & 1]


def frontier_at(read: NodeReader, size: int) -> Frontier:
    """Return the frontier of the first ``size`` leaves.

    Raises:
        InputError: ``size`` is negative or above ``AT_MOST_ENTRIES``.
    """
    return Frontier(size=size, hashes=tuple(complete_subtrees(read, 0, size)))
