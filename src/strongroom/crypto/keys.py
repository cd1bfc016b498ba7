"""Keys of a segment: shares to share keys to the record key, and its commitment.

One random 256-bit share per custodian.  Every derived key is bound to one sealing
attempt (its salt) and to everything the segment is (its context), so an object
moved to another model, version, generation or segment opens under no key.

    K_i = HKDF-SHA256(share_i,        salt, tag "share", context, i)
    K   = HKDF-SHA256(K_1 ‖ … ‖ K_n,  salt, tag "key", context)
    C   = HKDF-SHA256(K,              salt, tag "commit", context)

AES-GCM does not commit to its key: one ciphertext can be made to open under two.
C is public, derived from K alone, and checked before the first decryption, by
whoever holds K, whether or not they ever held a share.

Source: RFC 5869; ``docs/specification/sealed-object.md``.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from strongroom import canonical
from strongroom.errors import InputError, IntegrityError
from strongroom.types import ArtifactId, Secret, SegmentId, id_bytes

SUITE_AES_256_GCM = 1
SUITE_CHACHA20_POLY1305 = 2
SUITES = (SUITE_AES_256_GCM, SUITE_CHACHA20_POLY1305)

KEY_BYTES = 32
SALT_BYTES = 32
MAX_SHARES = 255  # one byte of the header


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentContext:
    """What a segment is, as far as its key is bound to it.

    Attributes:
        suite: How records are encrypted, one of ``SUITES``.
        artifact: Which model or dataset.
        version: Which version of it, from 0.
        generation: How often this version was sealed anew, from 0.
        segment: Which segment.
        record_bytes: Stride of the records, ciphertext and tag.
        shares: How many custodians hold a share, 1 to 255.
    """

    suite: int
    artifact: ArtifactId
    version: int
    generation: int
    segment: SegmentId
    record_bytes: int
    shares: int

    def __post_init__(self) -> None:
        if self.suite not in SUITES:
            raise InputError(f"unknown suite {self.suite}")
        if not 1 <= self.shares <= MAX_SHARES:
            raise InputError(f"{self.shares} shares; a segment has 1 to {MAX_SHARES}")
        self.fields()

    def fields(self) -> bytes:
        """Return all of it, each field after its length; ids as 16 raw bytes.

        Raises:
            InputError: An id is no id, or a number does not fit 64 bits.
        """
        return canonical.encode(
            "strongroom/v1/segment",
            self.suite,
            id_bytes(self.artifact),
            self.version,
            self.generation,
            id_bytes(self.segment),
            self.record_bytes,
            self.shares,
        )


def derive_share_key(
    share: Secret, index: int, salt: bytes, context: SegmentContext
) -> Secret:
    """Return K_i, the part of the key that one custodian's share yields.

    Args:
        share: 32 random bytes, kept by custodian ``index``.
        index: Which share, ``0 <= index < context.shares``.
        salt: The 32 bytes in the object's header.
        context: What the segment is.

    Raises:
        InputError: The share, the index or the salt is out of range.
    """
    _check(share, "a share")
    if not 0 <= index < context.shares:
        raise InputError(f"share {index} of a segment with {context.shares}")
    return _hkdf(share, salt, "strongroom/v1/share", context, index)


def derive_key(
    share_keys: Sequence[Secret], salt: bytes, context: SegmentContext
) -> Secret:
    """Return K, which encrypts the records.

    Args:
        share_keys: K_i of every share, in order of their indices.
        salt: The 32 bytes in the object's header.
        context: What the segment is.

    Raises:
        InputError: A share key is missing, or a length is wrong.
    """
    if len(share_keys) != context.shares:
        raise InputError(
            f"{len(share_keys)} share keys for a segment with {context.shares}"
        )
    for share_key in share_keys:
        _check(share_key, "a share key")
    joined = Secret(b"".join(k.reveal() for k in share_keys))
    return _hkdf(joined, salt, "strongroom/v1/key", context)


def commitment(key: Secret, salt: bytes, context: SegmentContext) -> bytes:
    """Return the 32 public bytes that only this K yields.

    Raises:
        InputError: The key or the salt does not have 32 bytes.
    """
    _check(key, "a segment key")
    return _hkdf(key, salt, "strongroom/v1/commit", context).reveal()


def verify_commitment(
    key: Secret, expected: bytes, salt: bytes, context: SegmentContext
) -> None:
    """Check, in constant time, that ``key`` is the one that sealed the segment.

    Raises:
        IntegrityError: It is another key, or of another object or segment.
    """
    if not hmac.compare_digest(commitment(key, salt, context), expected):
        raise IntegrityError(
            f"the key is not the one that sealed {context.segment}",
            hint="ask for the keys of exactly this version and generation",
        )


def _check(secret: Secret, what: str) -> None:
    if len(secret) != KEY_BYTES:
        raise InputError(f"{what} has {KEY_BYTES} bytes, this has {len(secret)}")


def _hkdf(
    secret: Secret, salt: bytes, tag: str, context: SegmentContext, *more: int
) -> Secret:
    if len(salt) != SALT_BYTES:
        raise InputError(f"a salt has {SALT_BYTES} bytes, this has {len(salt)}")
    info = canonical.encode(tag, context.fields(), *more)
    kdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=info)
    return Secret(kdf.derive(secret.reveal()))
