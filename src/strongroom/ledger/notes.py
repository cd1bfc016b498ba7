"""The signed checkpoints of one ledger: made, and opened once each.

The newest note is looked at several times in every transaction and release, and
an Ed25519 verification costs as much as the rest of recording an entry (190 µs).
So a note that verified, byte for byte, is not verified again.
"""

from __future__ import annotations

from strongroom.crypto.signing import SigningKey, VerifyKey
from strongroom.errors import SetupError, UnavailableError
from strongroom.ledger.checkpoint import Checkpoint, VerifierKey

_KEPT = 8
"""Notes remembered: the newest, and those of other processes on the way to it."""


class Notes:
    """Signs and opens the checkpoints of one ledger; safe to share by threads."""

    def __init__(
        self, *, origin: str, key: VerifyKey, signer: SigningKey | None
    ) -> None:
        """Remember the keys.

        Args:
            origin: Name of the ledger in its checkpoints.
            key: What every note must be signed with.
            signer: Its private half; ``None`` while the room is locked.

        Raises:
            SetupError: They are not halves of one key.
        """
        if signer is not None and signer.public.raw != key.raw:
            raise SetupError("the ledger would be signed with another key than pinned")
        self.verifier = VerifierKey(origin=origin, public=key.raw)
        self._key = key
        self._signer = signer
        self._opened: dict[str, Checkpoint] = {}

    def sign(self, size: int, root: bytes) -> str:
        """Return the signed note of a ledger of ``size`` entries.

        Raises:
            UnavailableError: The room is locked.
        """
        if self._signer is None:
            raise UnavailableError(
                "the room is locked", hint="give the passphrase of its home custodian"
            )
        checkpoint = Checkpoint(origin=self.verifier.origin, size=size, root=root)
        note = checkpoint.sign(self._signer.sign_bytes, public=self.verifier.public)
        self._keep(note, checkpoint)
        return note

    def open(self, note: str) -> Checkpoint:
        """Return the checkpoint that a note states.

        Raises:
            IntegrityError: It is malformed or not signed with the pinned key.
        """
        known = self._opened.get(note)
        if known is None:
            known = Checkpoint.open(
                note, key=self.verifier, verify=self._key.verify_bytes
            )
            self._keep(note, known)
        return known

    def _keep(self, note: str, checkpoint: Checkpoint) -> None:
        # A new dictionary each time: another thread may be reading this one.
        newest = list(self._opened.items())[1 - _KEPT :]
        self._opened = {**dict(newest), note: checkpoint}
