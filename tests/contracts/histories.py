"""A ledger with one entry for each letter of a word: what custodians are tested with.

The tree, its signed checkpoints and its proofs are real.  A checkpoint also has a
signature line of nobody's that carries the word, which readers ignore as they
must; so a test can go back from an anchor to its word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from strongroom.crypto.custody.port import Anchor
from strongroom.crypto.signing import SigningKey
from strongroom.errors import ForkError
from strongroom.ledger.checkpoint import Checkpoint, VerifierKey
from strongroom.ledger.note import SignatureLine, split_note
from strongroom.ledger.tree import (
    NodeReader,
    consistency_proof,
    leaf_hash,
    root_hash,
)
from strongroom.types import Secret

ORIGIN = "strongroom.example/words"
KEY = SigningKey(Secret(bytes(range(32))))
VERIFIER = VerifierKey(origin=ORIGIN, public=KEY.public.raw)


def anchor(word: str, *, key: SigningKey = KEY) -> Anchor:
    """Return the anchor of the ledger that spells ``word``."""
    if not word:
        return Anchor.empty()
    found = anchor_over([letter.encode() for letter in word], key=key)
    carrier = SignatureLine(name="word", key_id=b"word", signature=word.encode())
    return replace(found, note=found.note + carrier.text().encode())


def anchor_over(entries: Sequence[bytes], *, key: SigningKey = KEY) -> Anchor:
    """Return the anchor of the ledger that has these entries."""
    root = root_hash([leaf_hash(entry) for entry in entries])
    checkpoint = Checkpoint(origin=ORIGIN, size=len(entries), root=root)
    note = checkpoint.sign(key.sign_bytes, public=key.public.raw)
    return Anchor(size=len(entries), root=root, note=note.encode())


def word_of(anchor: Anchor) -> str:
    """Return the word whose ledger an anchor is of."""
    if not anchor.size:
        return ""
    lines = split_note(anchor.note.decode()).lines
    return next(x.signature.decode() for x in lines if x.name == "word")


def verify_extension(old: Anchor, new: Anchor) -> list[bytes]:
    """Return the proof that the second word begins with the first.

    Raises:
        ForkError: It does not.
    """
    older, newer = word_of(old), word_of(new)
    if not newer.startswith(older):
        raise ForkError(f"{newer!r} does not extend {older!r}")
    return proof_between(older, newer)


def proof_between(older: str, newer: str) -> list[bytes]:
    """Return the proof that the ledger of ``newer`` gives for a length."""
    nodes = nodes_over([letter.encode() for letter in newer])
    return consistency_proof(nodes, older=len(older), newer=len(newer))


def nodes_over(entries: Sequence[bytes]) -> NodeReader:
    """Return what proofs are made from."""
    leaves = [leaf_hash(entry) for entry in entries]

    def read(level: int, index: int) -> bytes:
        return root_hash(leaves[index << level : (index + 1) << level])

    return read
