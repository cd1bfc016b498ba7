"""The offline key to which every share and every key of a room is wrapped again.

Its private half exists while it is made and while a room is restored; between
these it is 32 bytes in shares on paper.  The id is derived from the public half,
so that whoever restores the key knows that it is the right one.

    seed (32 bytes)  = what the shares restore
    private          = HKDF-Expand-SHA256(seed, "strongroom/v1/recovery-key", 96)
    id               = "recovery-" ‖ base32(SHA-256(tag, public))[:16 bytes]

A wrap is HPKE to the public half with the wrap's place as ``info``.  HPKE does not
say who sealed: whoever can write to the database can wrap another secret.  What
comes out is therefore compared with something signed before it is used.

Source: RFC 5869; ``docs/specification/recovery-share.md``.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from strongroom import canonical
from strongroom.crypto.hpke import PUBLIC_BYTES, SEED_BYTES, ReaderKey, seal_to
from strongroom.errors import InputError, IntegrityError
from strongroom.types import Random, Secret, new_id

RECOVERY_SEED_BYTES = 32
"""What is shared: 33 words a share, where the 96 bytes of the key would be 84."""


class RecoveryKey:
    """The private half.

    Args:
        seed: 32 random bytes, or what the shares restored.

    Raises:
        InputError: The seed does not have 32 bytes.
    """

    __slots__ = ("_key", "seed")

    def __init__(self, seed: Secret) -> None:
        if len(seed) != RECOVERY_SEED_BYTES:
            raise InputError(f"a recovery seed has {RECOVERY_SEED_BYTES} bytes")
        info = canonical.encode("strongroom/v1/recovery-key")
        kdf = HKDFExpand(algorithm=SHA256(), length=SEED_BYTES, info=info)
        self.seed = seed
        self._key = ReaderKey(Secret(kdf.derive(seed.reveal())))

    @classmethod
    def generate(cls, random: Random) -> RecoveryKey:
        """Return a fresh key."""
        return cls(Secret(random(RECOVERY_SEED_BYTES)))

    @property
    def public(self) -> bytes:
        """The 1216 bytes that secrets are wrapped to."""
        return self._key.public

    @property
    def id(self) -> str:
        """Name of the key, as ``recovery_key_id`` gives it."""
        return recovery_key_id(self.public)

    def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        """Return the secret that was wrapped to this key for exactly this place.

        Args:
            wrapped: What ``wrap_for_recovery`` returned.
            context: Its place, from ``wraps``, with this key's id as root key.

        Raises:
            IntegrityError: It was altered, moved, or wrapped to another key.
        """
        try:
            return self._key.open(wrapped, context)
        except IntegrityError:
            raise IntegrityError(
                "a recovery wrap was altered or belongs to another place",
                hint="take an older copy of the database",
            ) from None


def recovery_key_id(public: bytes) -> str:
    """Return the name of a recovery key: 128 bits of a digest of its public half.

    Raises:
        InputError: ``public`` does not have 1216 bytes.
    """
    if len(public) != PUBLIC_BYTES:
        raise InputError(f"a recovery key has {PUBLIC_BYTES} public bytes")
    digest = canonical.digest("strongroom/v1/recovery-key-id", public)
    return new_id("recovery", lambda count: digest[:count])


def wrap_for_recovery(public: bytes, secret: Secret, context: bytes) -> bytes:
    """Return ``secret`` wrapped to a recovery key; 1136 bytes and the secret's.

    Args:
        public: The 1216 bytes of ``RecoveryKey.public``.
        secret: A share, or one of the room's own keys.
        context: Its place, from ``wraps``, with this key's id as root key.

    Raises:
        InputError: ``public`` is not a usable public key.
    """
    return seal_to(public, secret, context)
