"""Keys leave the desk sealed to one reader, for one release.

HPKE in base mode with ML-KEM-768 and X25519 combined, so that a recording made
today does not open when either is broken.  Base mode does not say who sent it:
the desk signs its whole answer.  The library's call has no associated data, so
everything that must match goes into ``info``.

Source: RFC 9180 and draft-ietf-hpke-pq; ``docs/specification/release.md``.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import (
    MLKEM768PrivateKey,
    MLKEM768PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from strongroom.errors import InputError, IntegrityError
from strongroom.types import Secret

PUBLIC_BYTES = 1184 + 32
"""ML-KEM-768 public key, then X25519 public key."""

SEED_BYTES = 64 + 32
"""ML-KEM-768 seed (d ‖ z), then X25519 private key."""

_MLKEM_PUBLIC_BYTES = 1184
_MLKEM_SEED_BYTES = 64
_MAX_SEALED_BYTES = 1024 * 1024  # 32 bytes a segment, thousands of segments


class ReaderKey:
    """The private half of a reader's key; made for one session and then dropped.

    Args:
        seed: ML-KEM-768 seed, then X25519 private key: 96 bytes.

    Raises:
        InputError: The seed does not have 96 bytes.
    """

    __slots__ = ("_private", "_public")

    def __init__(self, seed: Secret) -> None:
        if len(seed) != SEED_BYTES:
            raise InputError(f"a reader's seed has {SEED_BYTES} bytes")
        raw = seed.reveal()
        lattice = MLKEM768PrivateKey.from_seed_bytes(raw[:_MLKEM_SEED_BYTES])
        curve = X25519PrivateKey.from_private_bytes(raw[_MLKEM_SEED_BYTES:])
        self._private = MLKEM768X25519PrivateKey(lattice, curve)
        self._public = (
            lattice.public_key().public_bytes_raw()
            + curve.public_key().public_bytes_raw()
        )

    @classmethod
    def generate(cls) -> ReaderKey:
        """Return a fresh key from the operating system's randomness."""
        lattice = MLKEM768PrivateKey.generate().private_bytes_raw()
        return cls(Secret(lattice + X25519PrivateKey.generate().private_bytes_raw()))

    @property
    def public(self) -> bytes:
        """The 1216 bytes that others seal to."""
        return self._public

    def open(self, sealed: bytes, info: bytes) -> Secret:
        """Return what was sealed to this key for exactly this ``info``.

        Raises:
            IntegrityError: It was altered, sealed to another key, or for another
                release.
        """
        if len(sealed) > _MAX_SEALED_BYTES:
            raise IntegrityError(f"a sealed key does not have {len(sealed)} bytes")
        try:
            return Secret(_suite().decrypt(sealed, self._private, info))
        except (InvalidTag, ValueError):
            raise IntegrityError(
                "the released key is not for this reader and this release",
                hint="ask the desk again with a new nonce",
            ) from None


def seal_to(public: bytes, secret: Secret, info: bytes) -> bytes:
    """Return ``secret`` sealed to a reader's public key.

    Args:
        public: The 1216 bytes of ``ReaderKey.public``.
        secret: What only that reader may learn.
        info: Digest of everything this release is; the reader computes the same.

    Raises:
        InputError: ``public`` is not a usable public key.
    """
    if len(public) != PUBLIC_BYTES:
        raise InputError(f"a reader's public key has {PUBLIC_BYTES} bytes")
    try:
        key = MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(public[:_MLKEM_PUBLIC_BYTES]),
            X25519PublicKey.from_public_bytes(public[_MLKEM_PUBLIC_BYTES:]),
        )
        return _suite().encrypt(secret.reveal(), key, info)
    except ValueError:
        raise InputError("the reader's public key is not usable") from None


def _suite() -> Suite:
    return Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
