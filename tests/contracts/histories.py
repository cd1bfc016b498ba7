"""A ledger with one entry for each letter of a word: what custodians are tested with.

The tree, its signed checkpoints and its proofs are real.  A checkpoint also has a
signature line of nobody's that carries the word, which readers ignore as they
must; so a test can go back from an anchor to its word.
"""

from __future__ import annotations

from strongroom.crypto.custody.port import Anchor
from strongroom.crypto.signing import SigningKey
from strongroom.errors import ForkError
from strongroom.ledger.checkpoint import Checkpoint, VerifierKey
from strongroom.ledger.note import SignatureLine, signature_lines
from strongroom.ledger.tree import consistency_proof, leaf_hash, root_hash
from strongroom.types import Secret

ORIGIN = "strongroom.example/words"
KEY = SigningKey(Secret(bytes(range(32))))
VERIFIER = VerifierKey(origin=ORIGIN, public=KEY.public.raw)


def anchor(word: str, *, key: SigningKey = KEY) -> Anchor:
    """Return the anchor of the ledger that spells ``word``."""
    if not word:
        return Anchor.empty()
    root = root_hash([leaf_hash(letter.encode()) for letter in word])
    checkpoint = Checkpoint(origin=ORIGIN, size=len(word), root=root)
    carrier = SignatureLine(name="word", key_id=b"word", signature=word.encode()).text()
    note = checkpoint.sign(key.sign_bytes, public=key.public.raw) + carrier
    return Anchor(size=len(word), root=root, note=note.encode())


def word_of(anchor: Anchor) -> str:
    """Return the word whose ledger an anchor is of."""
    if not anchor.size:
        return ""
    lines = signature_lines(anchor.note.decode())
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
    if not older:
        return []
    leaves = [leaf_hash(letter.encode()) for letter in newer]

    def read(level: int, index: int) -> bytes:
        start, end = index << level, (index + 1) << level
        return root_hash(leaves[start:end])

    return consistency_proof(read, older=len(older), newer=len(newer))
