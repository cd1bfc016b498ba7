"""The definitions of RFC 9162 word by word, to compare the fast code with.

Slow on purpose: every function recurses over lists of leaf hashes.
"""

from __future__ import annotations

from strongroom.ledger.tree import NodeReader, leaf_hash, root_hash

LEAVES = [leaf_hash(b"entry %d" % index) for index in range(3000)]
"""Leaf hashes for tests that need many."""


def inclusion(index: int, leaves: list[bytes]) -> list[bytes]:
    """Return PATH(index, leaves) of RFC 9162 section 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*inclusion(index, leaves[:k]), root_hash(leaves[k:])]
    return [*inclusion(index - k, leaves[k:]), root_hash(leaves[:k])]


def consistency(older: int, leaves: list[bytes]) -> list[bytes]:
    """Return PROOF(older, leaves) of RFC 9162 section 2.1.4.1."""
    return _subproof(older, leaves, known=True)


def reader(leaves: list[bytes]) -> NodeReader:
    """Return a reader that refuses subtrees which are not complete."""

    def read(level: int, index: int) -> bytes:
        start, end = index << level, (index + 1) << level
        assert end <= len(leaves)
        return root_hash(leaves[start:end])

    return read


def split(size: int) -> int:
    """Return the largest power of two below ``size``."""
    k = 1
    while 2 * k < size:
        k *= 2
    return k


def flipped(data: bytes, bit: int) -> bytes:
    """Return ``data`` with one bit changed, counted from the last one."""
    return (int.from_bytes(data, "big") ^ (1 << bit)).to_bytes(len(data), "big")


def _subproof(older: int, leaves: list[bytes], *, known: bool) -> list[bytes]:
    if older == len(leaves):
        return [] if known else [root_hash(leaves)]
    k = split(len(leaves))
    if older <= k:
        return [*_subproof(older, leaves[:k], known=known), root_hash(leaves[k:])]
    return [*_subproof(older - k, leaves[k:], known=False), root_hash(leaves[:k])]
