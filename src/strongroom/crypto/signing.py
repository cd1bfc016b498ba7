"""Ed25519 signatures over a purpose and a payload, never over bare bytes.

An envelope names the algorithm beside each signature.  A room can have a second
signature by ML-DSA-65 beside that by Ed25519; whoever demands both says so.

Source: RFC 8032; FIPS 204 for the lengths; ``docs/specification/signatures.md``.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from strongroom import canonical
from strongroom.crypto import mldsa
from strongroom.crypto.mldsa import ML_DSA_65, MlDsaKey, MlDsaSigner
from strongroom.errors import ConflictError, InputError, IntegrityError
from strongroom.types import Secret

ED25519 = "ed25519"
SIGNATURE_BYTES: Mapping[str, int] = {
    ED25519: 64,
    ML_DSA_65: mldsa.SIGNATURE_BYTES,
}
"""Length of a signature, in bytes, for every algorithm an envelope may name."""

_KEY_BYTES = 32
_MAX_SIGNATURES = 8
_KEY_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class VerifyKey:
    """An Ed25519 public key, and perhaps some that sign beside it, one at a time.

    Attributes:
        raw: The 32 bytes of the key.
        seconds: One of them has to have signed too where both are demanded; the
            newest is the last.
    """

    raw: bytes
    seconds: tuple[MlDsaKey, ...] = ()

    def __post_init__(self) -> None:
        if len(self.raw) != _KEY_BYTES:
            raise InputError(f"a public key has 32 bytes, this has {len(self.raw)}")

    @property
    def key_id(self) -> str:
        """Sixteen hexadecimal digits that name the key."""
        digest = canonical.digest("strongroom/v1/key-id", ED25519, self.raw)
        return digest[:8].hex()

    def verify_bytes(self, signature: bytes, message: bytes) -> None:
        """Check a raw 64-byte signature over exactly ``message``.

        Raises:
            IntegrityError: The signature is not this key's over this message.
        """
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, message)
        except (InvalidSignature, ValueError):
            raise IntegrityError(f"signature is not by key {self.key_id}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature of an envelope."""

    algorithm: str
    key_id: str
    value: bytes

    def __post_init__(self) -> None:
        if self.algorithm not in SIGNATURE_BYTES:
            raise IntegrityError(f"unknown signature algorithm {self.algorithm[:40]!r}")
        if len(self.value) != SIGNATURE_BYTES[self.algorithm]:
            raise IntegrityError(f"{self.algorithm} signature has the wrong length")
        if not _KEY_ID.fullmatch(self.key_id):
            raise IntegrityError("a key id is not sixteen hexadecimal digits")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A payload with the signatures over it.  Nothing is checked until ``verify``."""

    payload: bytes
    signatures: tuple[Signature, ...]

    def to_bytes(self) -> bytes:
        """Return the envelope as canonical JSON."""
        return canonical.to_json(
            {
                "payload": _to_base64(self.payload),
                "signatures": [
                    {
                        "algorithm": s.algorithm,
                        "key_id": s.key_id,
                        "value": _to_base64(s.value),
                    }
                    for s in self.signatures
                ],
                "v": 1,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes, at_most_bytes: int) -> Signed:
        """Return the envelope, unverified.

        Raises:
            IntegrityError: It is too long or is not what ``to_bytes`` writes.
        """
        document = canonical.from_json(data, at_most_bytes=at_most_bytes)
        payload, signatures = _fields(document, "payload", "signatures", "v")[:2]
        if not isinstance(signatures, list) or len(signatures) > _MAX_SIGNATURES:
            raise IntegrityError("an envelope has a list of at most 8 signatures")
        signed = cls(
            payload=_from_base64(payload),
            signatures=tuple(_signature(s) for s in signatures),
        )
        if signed.to_bytes() != data:  # also catches an unknown "v"
            raise IntegrityError("signed envelope is not in its canonical form")
        return signed

    def verify(self, purpose: str, key: VerifyKey, *, both: bool = False) -> bytes:
        """Return the payload after checking the signature of ``key`` over it.

        Args:
            purpose: What the payload is, the same text as at signing.
            key: Whose signature must be there; signatures by others are ignored.
            both: Whether that of one of ``key.seconds`` must be there too.

        Raises:
            IntegrityError: ``key`` did not sign this payload for this purpose.
        """
        self._verify(purpose, ED25519, (key,))
        if both:
            if not key.seconds:
                raise IntegrityError(
                    f"{purpose} has a second signature, and no key for it is pinned"
                )
            self._verify(purpose, ML_DSA_65, key.seconds)
        return self.payload

    def _verify(
        self, purpose: str, algorithm: str, keys: Sequence[VerifyKey | MlDsaKey]
    ) -> None:
        known = {(algorithm, key.key_id): key for key in keys}
        for signature in self.signatures:
            key = known.get((signature.algorithm, signature.key_id))
            if key is not None:
                message = _preimage(purpose, algorithm, self.payload)
                key.verify_bytes(signature.value, message)
                return
        which = "signature" if algorithm == ED25519 else "second signature"
        raise IntegrityError(f"{purpose} carries no {which} by key {keys[-1].key_id}")


class SigningKey:
    """An Ed25519 private key, and perhaps some that sign beside it, one at a time.

    Args:
        seed: The 32 random bytes the key is made from.
        seconds: The ML-DSA-65 keys beside it, the newest last.

    Raises:
        InputError: The seed does not have 32 bytes.
    """

    __slots__ = ("_key", "_seed", "public", "seconds")

    def __init__(self, seed: Secret, *seconds: MlDsaSigner) -> None:
        if len(seed) != _KEY_BYTES:
            raise InputError(f"a signing seed has 32 bytes, this has {len(seed)}")
        self._seed = seed
        self._key = Ed25519PrivateKey.from_private_bytes(seed.reveal())
        self.seconds = seconds
        self.public = VerifyKey(
            self._key.public_key().public_bytes_raw(),
            tuple(second.public for second in seconds),
        )

    def beside(self, second: MlDsaSigner) -> SigningKey:
        """Return this key with another beside it, the newest of all."""
        return SigningKey(self._seed, *self.seconds, second)

    def sign(
        self,
        purpose: str,
        payload: bytes,
        *,
        both: bool = False,
        second: str | None = None,
    ) -> Signed:
        """Return the payload with one signature over it and its purpose, or both.

        Args:
            purpose: What the payload is.
            payload: What is signed.
            both: Whether a second key signs too.
            second: Its digest; the newest unless given.

        Raises:
            ConflictError: That key is not here.
        """
        first = self.sign_bytes(_preimage(purpose, ED25519, payload))
        signatures = [
            Signature(algorithm=ED25519, key_id=self.public.key_id, value=first)
        ]
        if both:
            signer = self.require_second(second)
            value = signer.sign_bytes(_preimage(purpose, ML_DSA_65, payload))
            key_id = signer.public.key_id
            signatures.append(
                Signature(algorithm=ML_DSA_65, key_id=key_id, value=value)
            )
        return Signed(payload=payload, signatures=tuple(signatures))

    def require_second(self, digest: str | None = None) -> MlDsaSigner:
        """Return the key of this digest that signs beside this one, or the newest.

        Raises:
            ConflictError: It is not here.
        """
        for second in reversed(self.seconds):
            if digest in (None, second.public.digest):
                return second
        raise ConflictError(
            "the room demands another second signature since it was opened here",
            hint="open it again",
        )

    def sign_bytes(self, message: bytes) -> bytes:
        """Return the raw 64-byte signature; only for formats made by others.

        The message must carry its own purpose, as a signed note does: what
        ``sign`` signs starts with a length, so no note is ever one of those.
        """
        return self._key.sign(message)


def _preimage(purpose: str, algorithm: str, payload: bytes) -> bytes:
    return canonical.encode("strongroom/v1/signature", purpose, algorithm, payload)


def _signature(value: canonical.Json) -> Signature:
    algorithm, key_id, raw = _fields(value, "algorithm", "key_id", "value")
    if not isinstance(algorithm, str) or not isinstance(key_id, str):
        raise IntegrityError("a signature names its algorithm and key as text")
    return Signature(algorithm=algorithm, key_id=key_id, value=_from_base64(raw))


def _fields(value: canonical.Json, *names: str) -> list[canonical.Json]:
    if not isinstance(value, Mapping) or set(value) != set(names):
        raise IntegrityError(f"a signed envelope has exactly {', '.join(names)}")
    return [value[name] for name in names]


def _to_base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _from_base64(value: canonical.Json) -> bytes:
    try:
        return base64.b64decode(value if isinstance(value, str) else "*", validate=True)
    except (binascii.Error, ValueError):
        raise IntegrityError(
            "a signed envelope holds text that is not base64"
        ) from None
