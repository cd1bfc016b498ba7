"""By which keys somebody believes a ledger's checkpoints without reading it; pure.

A custodian elsewhere and a witness see checkpoints, not entries.  They begin with the
ledger's Ed25519 key.  An entry that demands second signatures, names another key for
them, or ends them counts once it lies under a checkpoint that was signed as they
demanded *before* it: so whoever forges one of two signatures talks nobody out of the
other.

Source: ``docs/specification/ledger.md``, "Who reads no entries".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from strongroom.crypto.mldsa import MlDsaKey
from strongroom.crypto.signing import VerifyKey
from strongroom.errors import IntegrityError
from strongroom.ledger.checkpoint import Checkpoint, VerifierKey
from strongroom.ledger.second import demand_of, verify_second
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
        note: str,
        second: MlDsaKey | None,
    ) -> Trust:
        """Return what is demanded after an entry that changes it.

        Args:
            entry: Its bytes.
            position: Its index.
            siblings: Inclusion proof, 32 bytes each, from the leaf up.
            note: A checkpoint over it, signed as was demanded before; by the new key
                if nothing was.
            second: The key that the entry names by digest, where it demands two.

        Raises:
            IntegrityError: The checkpoint lacks a signature; the entry is not in that
                ledger, not after the last change, not about signatures, or names
                another key.
        """
        under = self.open(note)
        verify_inclusion(
            leaf_hash(entry),
            index=position,
            size=under.size,
            proof=siblings,
            root=under.root,
        )
        if position < self.above:
            raise IntegrityError(f"entry {position} is older than the last change")
        demand = demand_of(entry)
        if (demand.checkpoint if demand.both else "") != (
            second.digest if second else ""
        ):
            raise IntegrityError("the entry about signatures names another key")
        if self.second is None and second is not None:
            verify_second(note, self.verifier.origin, second)
        return replace(self, second=second, above=under.size)
