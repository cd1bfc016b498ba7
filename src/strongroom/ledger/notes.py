"""The signed checkpoints of one ledger: made, and opened once each.

The newest note is looked at several times in every transaction and release, and
an Ed25519 verification costs as much as the rest of recording an entry (190 µs).
So a note that verified, byte for byte, is not verified again.
"""

from __future__ import annotations

from strongroom.crypto.mldsa import MlDsaKey
from strongroom.crypto.signing import SigningKey, VerifyKey
from strongroom.errors import IntegrityError, SetupError, UnavailableError
from strongroom.ledger.checkpoint import Checkpoint, VerifierKey
from strongroom.ledger.second import second_line, verify_second

_KEPT = 8
"""Notes remembered: the newest, and those of other processes on the way to it."""


class Notes:
    """Signs and opens the checkpoints of one ledger; safe to share by threads.

    Attributes:
        since: Size of the first checkpoint that has to carry the second signature
            too, and every larger one; ``None`` if none has to.
        second: Key of that signature; ``None`` if none is demanded, or pinned.
    """

    def __init__(
        self,
        *,
        origin: str,
        key: VerifyKey,
        signer: SigningKey | None,
        since: int | None = None,
        second: MlDsaKey | None = None,
    ) -> None:
        """Remember the keys.

        Args:
            origin: Name of the ledger in its checkpoints.
            key: What every note must be signed with.
            signer: Its private half; ``None`` while the room is locked.
            since: See ``since``.
            second: See ``second``.

        Raises:
            SetupError: They are not halves of one key.
        """
        if signer is not None and signer.public.raw != key.raw:
            raise SetupError("the ledger would be signed with another key than pinned")
        self.verifier = VerifierKey(origin=origin, public=key.raw)
        self.since = since
        self.second = second
        self._key = key
        self._signer = signer
        self._opened: dict[str, Checkpoint] = {}

    @property
    def seconds(self) -> tuple[MlDsaKey, ...]:
        """The pinned keys of second signatures, the newest last."""
        return self._key.seconds

    def demand(self, since: int | None, second: MlDsaKey | None) -> None:
        """Let two signatures be demanded from another size on, or from none."""
        self.since, self.second = since, second
        self._opened = {}  # what is in it was held to less

    def sign(self, size: int, root: bytes, *, second: str | None = None) -> str:
        """Return the signed note of a ledger of ``size`` entries.

        Args:
            size: How many.
            root: Of the tree over them.
            second: Digest of the second key that signs too; from ``since`` on it is
                ``self.second`` unless given.

        Raises:
            UnavailableError: The room is locked.
            ConflictError: Two signatures are demanded since the room was opened.
        """
        if self._signer is None:
            raise UnavailableError(
                "the room is locked", hint="give the passphrase of its home custodian"
            )
        checkpoint = Checkpoint(origin=self.verifier.origin, size=size, root=root)
        note = checkpoint.sign(self._signer.sign_bytes, public=self.verifier.public)
        if second is not None or self._is_demanded(size):
            signer = self._signer.require_second(second or self._digest())
            note += second_line(checkpoint.text(), self.verifier.origin, signer)
        self._keep(note, checkpoint)
        return note

    def open(self, note: str) -> Checkpoint:
        """Return the checkpoint that a note states.

        Raises:
            IntegrityError: It is malformed, not signed with the pinned key, or not
                with the second one where that is demanded.
        """
        known = self._opened.get(note)
        if known is None:
            known = Checkpoint.open(
                note, key=self.verifier, verify=self._key.verify_bytes
            )
            self._verify_second(note, known.size)
            self._keep(note, known)
        return known

    def _digest(self) -> str | None:
        return self.second.digest if self.second else None

    def _is_demanded(self, size: int) -> bool:
        return self.since is not None and size >= self.since

    def _verify_second(self, note: str, size: int) -> None:
        if not self._is_demanded(size):
            return
        if self.second is None:
            raise IntegrityError(
                "checkpoints carry a second signature; room.toml pins no key for it",
                hint="put room.toml back as it was",
            )
        verify_second(note, self.verifier.origin, self.second)

    def _keep(self, note: str, checkpoint: Checkpoint) -> None:
        # A new dictionary each time: another thread may be reading this one.
        newest = list(self._opened.items())[1 - _KEPT :]
        self._opened = {**dict(newest), note: checkpoint}
