"""Proof files: one entry's place in the ledger, checkable without the ledger.

The file goes with the entry, which it does not contain, and with the verifier
key, which an outsider has kept from before.

Source: C2SP tlog-proof (a draft of 2026 without a tag), for which the ending
``.tlog-proof`` is proposed.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from strongroom.errors import IntegrityError
from strongroom.ledger.checkpoint import (
    Checkpoint,
    VerifierKey,
    Verify,
    canonical_decimal,
)
from strongroom.ledger.note import AT_MOST_NOTE_BYTES, canonical_base64
from strongroom.ledger.tree import HASH_BYTES, leaf_hash, verify_inclusion

AT_MOST_HASHES = 63
"""Sibling hashes in a ledger of at most 2**63 - 1 entries."""

AT_MOST_EXTRA_BYTES = 4096
AT_MOST_PROOF_BYTES = AT_MOST_NOTE_BYTES + 45 * AT_MOST_HASHES + 6144

_FIRST_LINE = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """That one entry stands in the ledger of a checkpoint; unverified until then.

    Attributes:
        index: Position of the entry, from 0.
        siblings: Hashes from the leaf's sibling up, 32 bytes each.
        checkpoint: The signed note, verbatim, cosignatures included.
        extra: Bytes from whoever wrote the file; nothing vouches for them.
    """

    index: int
    siblings: tuple[bytes, ...]
    checkpoint: str
    extra: bytes = b""

    def to_text(self) -> str:
        """Return the text of the proof file."""
        lines = [_FIRST_LINE]
        if self.extra:
            lines.append(f"extra {base64.b64encode(self.extra).decode()}")
        lines.append(f"index {self.index}")
        lines += [base64.b64encode(value).decode() for value in self.siblings]
        return "\n".join(lines) + "\n\n" + self.checkpoint

    @classmethod
    def from_text(cls, text: str) -> Proof:
        """Return the proof in a file, not verified yet.

        Raises:
            IntegrityError: It is too long or not in the form of ``to_text``.
        """
        if len(text) > AT_MOST_PROOF_BYTES:
            raise IntegrityError(f"a proof file has {len(text)} characters")
        head, gap, checkpoint = text.partition("\n\n")
        first, *lines = head.split("\n")
        if first != _FIRST_LINE or not gap:
            raise IntegrityError(f"a proof file begins with {_FIRST_LINE}")
        extra = b""
        if lines and lines[0].startswith("extra "):
            encoded = lines.pop(0).removeprefix("extra ")
            extra = canonical_base64(encoded, at_most_bytes=AT_MOST_EXTRA_BYTES)
        if not lines or not lines[0].startswith("index "):
            raise IntegrityError("a proof file names no index")
        index = canonical_decimal(lines.pop(0).removeprefix("index "))
        if len(lines) > AT_MOST_HASHES:
            raise IntegrityError(f"a proof has {len(lines)} hashes")
        siblings = tuple(canonical_base64(x, at_most_bytes=HASH_BYTES) for x in lines)
        return cls(index=index, siblings=siblings, checkpoint=checkpoint, extra=extra)

    def verify(self, entry: bytes, *, key: VerifierKey, verify: Verify) -> Checkpoint:
        """Return the checkpoint whose ledger holds ``entry`` at ``index``.

        Args:
            entry: The bytes of the entry.
            key: The ledger's name and public key, kept from before.
            verify: Checks a signature with that key.

        Raises:
            IntegrityError: The checkpoint is not the ledger's, or the entry is not
                in it at that place.
        """
        checkpoint = Checkpoint.open(self.checkpoint, key=key, verify=verify)
        verify_inclusion(
            leaf_hash(entry),
            index=self.index,
            size=checkpoint.size,
            proof=self.siblings,
            root=checkpoint.root,
        )
        return checkpoint
