"""By which keys somebody believes a ledger's checkpoints without reading it; pure.

A custodian elsewhere and a witness see checkpoints, not entries.  They begin with the
ledger's Ed25519 key.  An entry that demands second signatures, names another key for
them, or ends them counts once it lies under a checkpoint that was signed as they
demanded *before* it: so whoever forges one of two signatures talks nobody out of the
other.

Source: ``docs/specification/ledger.md``, "Who reads no entries".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from strongroom import canonical
from strongroom.crypto.mldsa import MlDsaKey
from strongroom.crypto.signing import VerifyKey
from strongroom.errors import IntegrityError
from strongroom.ledger.checkpoint import Checkpoint, VerifierKey
from strongroom.ledger.events import MAX_ENTRY_BYTES
from strongroom.ledger.second import SWITCHED, demands_both, verify_second
from strongroom.ledger.tree import leaf_hash, verify_inclusion


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What a checkpoint of one ledger has to carry.

    Attributes:
        verifier: The ledger's name and Ed25519 key.
        second: Has to have signed too; ``None`` if one signature is enough.
        above: Size of the checkpoint under which the last change was shown, 0 before
            the first.  Larger ones are held to it; up to there, one signature.
    """

    verifier: VerifierKey
    second: MlDsaKey | None = None
    above: int = 0

    def open(self, note: str) -> Checkpoint:
        """Return the checkpoint in a note that carries what is demanded of its size.

        Raises:
            IntegrityError: A signature is missing or wrong, or it is no checkpoint.
        """
        verify = VerifyKey(self.verifier.public).verify_bytes
        found = Checkpoint.open(note, key=self.verifier, verify=verify)
        if self.second is not None and found.size > self.above:
            verify_second(note, self.verifier.origin, self.second)
        return found

    def follow(
        self,
        entry: bytes,
        *,
        position: int,
        siblings: Sequence[bytes],
        under: Checkpoint,
        second: MlDsaKey | None,
    ) -> Trust:
        """Return what is demanded after an entry that changes it.

        Args:
            entry: Its bytes.
            position: Its index.
            siblings: Inclusion proof, 32 bytes each, from the leaf up.
            under: A checkpoint that ``open`` returned.
            second: The key that the entry names by digest, where it demands two.

        Raises:
            IntegrityError: It is not in that ledger, not after the last change, not
                about signatures, or it names another key.
        """
        verify_inclusion(
            leaf_hash(entry),
            index=position,
            size=under.size,
            proof=siblings,
            root=under.root,
        )
        if position < self.above:
            raise IntegrityError(f"entry {position} is older than the last change")
        named = _named(entry)
        if named != (second.digest if second else None):
            raise IntegrityError("the entry about signatures names another key")
        return replace(self, second=second, above=under.size)


def _named(entry: bytes) -> str | None:
    """Return the digest of the key of second signatures; ``None`` if it ends them."""
    document = canonical.from_json(entry, at_most_bytes=MAX_ENTRY_BYTES)
    if not isinstance(document, Mapping) or document.get("kind") != SWITCHED:
        raise IntegrityError("the entry is not about signatures")
    facts = document.get("facts")
    if not demands_both(entry) or not isinstance(facts, Mapping):
        return None
    return str(facts.get("checkpoint"))
