"""ML-DSA-65 keys: a second signature that a quantum computer does not forge.

It never stands alone: an Ed25519 signature is there too, and both are demanded, so
that a flaw found in either is not enough to forge.

Source: FIPS 204, with an empty context; ``docs/specification/signatures.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import (
    MLDSA65PrivateKey,
    MLDSA65PublicKey,
)

from strongroom import canonical
from strongroom.errors import InputError, IntegrityError
from strongroom.types import Secret

ML_DSA_65 = "ml-dsa-65"
PUBLIC_BYTES = 1952
SIGNATURE_BYTES = 3309
_SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class MlDsaKey:
    """An ML-DSA-65 public key.

    Attributes:
        raw: The 1,952 bytes of the key.
    """

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != PUBLIC_BYTES:
            raise InputError(
                f"an ML-DSA-65 public key has {PUBLIC_BYTES} bytes,"
                f" this has {len(self.raw)}"
            )

    @property
    def key_id(self) -> str:
        """Sixteen hexadecimal digits that name the key."""
        return canonical.digest("strongroom/v1/key-id", ML_DSA_65, self.raw)[:8].hex()

    @property
    def digest(self) -> str:
        """What the ledger names the key by; 64 hexadecimal digits."""
        return canonical.digest("strongroom/v1/key-id", ML_DSA_65, self.raw).hex()

    def verify_bytes(self, signature: bytes, message: bytes) -> None:
        """Check a raw 3,309-byte signature over exactly ``message``.

        Raises:
            IntegrityError: The signature is not this key's over this message.
        """
        try:
            MLDSA65PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            raise IntegrityError(
                f"the second signature is not by key {self.key_id}"
            ) from None


class MlDsaSigner:
    """An ML-DSA-65 private key.

    Args:
        seed: The 32 random bytes the key is made from.

    Raises:
        InputError: The seed does not have 32 bytes.
    """

    __slots__ = ("_key", "public")

    def __init__(self, seed: Secret) -> None:
        if len(seed) != _SEED_BYTES:
            raise InputError(f"a signing seed has 32 bytes, this has {len(seed)}")
        self._key = MLDSA65PrivateKey.from_seed_bytes(seed.reveal())
        self.public = MlDsaKey(self._key.public_key().public_bytes_raw())

    def sign_bytes(self, message: bytes) -> bytes:
        """Return a raw 3,309-byte signature, another one at every call.

        The library hedges it with randomness of its own, which no argument gives.
        """
        return self._key.sign(message)
