"""ECDSA over P-256 and P-384, only for signatures of formats made by others.

What Strongroom signs for itself is in ``signing``; a message here carries its own
purpose, as a DSSE envelope does.

Source: FIPS 186-5; RFC 5480 for the form of keys.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, HashAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

from strongroom.errors import InputError, IntegrityError
from strongroom.types import Secret

MOST_PEM_BYTES = 16 << 10
"""A P-384 key has 300 bytes of PEM; some write its parameters or comments too."""

_HINT = "make one: openssl ecparam -name prime256v1 -genkey -noout -out key.pem"


@dataclass(frozen=True, slots=True)
class EcKey:
    """A public key on P-256 or P-384.

    Attributes:
        der: SubjectPublicKeyInfo.
    """

    der: bytes

    def __post_init__(self) -> None:
        """Refuse what is no such key.

        Raises:
            InputError: It is another kind of key, or none.
        """
        self._loaded()

    @classmethod
    def from_pem(cls, data: bytes) -> EcKey:
        """Return the key of a PEM file.

        Raises:
            InputError: The file is too long, or holds no public key on P-256 or P-384.
        """
        _verify_length(data)
        try:
            loaded = load_pem_public_key(data)
        except (ValueError, UnsupportedAlgorithm):
            raise InputError(
                "file holds no public key in PEM form",
                hint="openssl pkey -in key.pem -pubout -out public.pem",
            ) from None
        return cls(loaded.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    @property
    def fingerprint(self) -> str:
        """Hexadecimal SHA-256 of the key's PEM form, by which OMS names it."""
        return hashlib.sha256(
            self._loaded().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        ).hexdigest()

    def verify_bytes(self, signature: bytes, message: bytes) -> None:
        """Check a DER signature over exactly ``message``.

        The hash goes by the curve: SHA-256 for P-256, SHA-384 for P-384.

        Raises:
            IntegrityError: The signature is not this key's over this message.
        """
        key = self._loaded()
        try:
            key.verify(signature, message, ec.ECDSA(_hash_for(key.curve)))
        except InvalidSignature:
            raise IntegrityError(
                f"signature is not by key {self.fingerprint[:16]}"
            ) from None

    def _loaded(self) -> ec.EllipticCurvePublicKey:
        try:
            loaded = load_der_public_key(self.der)
        except (ValueError, UnsupportedAlgorithm):
            raise InputError("bytes are no public key") from None
        if not isinstance(loaded, ec.EllipticCurvePublicKey):
            raise InputError("key is not on an elliptic curve", hint=_HINT)
        _hash_for(loaded.curve)
        return loaded


class EcSigner:
    """A private key on P-256 or P-384.

    Args:
        pem: As ``openssl ecparam -genkey`` or ``openssl genpkey`` writes it.
        passphrase: Where the file is encrypted.

    Raises:
        InputError: There is no such key in it, or the passphrase does not open it.
    """

    __slots__ = ("_key", "public")

    def __init__(self, pem: Secret, passphrase: Secret | None = None) -> None:
        data = pem.reveal()
        _verify_length(data)
        password = None if passphrase is None else passphrase.reveal()
        try:
            loaded = load_pem_private_key(data, password)
        except TypeError:  # encrypted and no passphrase, or the other way round
            encrypted = "is encrypted" if password is None else "is not encrypted"
            raise InputError(f"private key {encrypted}") from None
        except (ValueError, UnsupportedAlgorithm):
            raise InputError(
                "file holds no private key in PEM form that this opens",
                hint=_HINT if password is None else "is it the passphrase of this key?",
            ) from None
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            raise InputError("key is not on an elliptic curve", hint=_HINT)
        self._key = loaded
        self.public = EcKey(
            loaded.public_key().public_bytes(
                Encoding.DER, PublicFormat.SubjectPublicKeyInfo
            )
        )

    def sign_bytes(self, message: bytes) -> bytes:
        """Return a DER signature, another one at every call.

        The library takes its nonces from the system; no argument gives them.
        """
        return self._key.sign(message, ec.ECDSA(_hash_for(self._key.curve)))


def _verify_length(data: bytes) -> None:
    if len(data) > MOST_PEM_BYTES:
        raise InputError(f"a key has at most {MOST_PEM_BYTES} bytes of PEM")


def _hash_for(curve: ec.EllipticCurve) -> HashAlgorithm:
    if isinstance(curve, ec.SECP256R1):
        return SHA256()
    if isinstance(curve, ec.SECP384R1):
        return SHA384()
    raise InputError(f"key is on {curve.name}, not on P-256 or P-384", hint=_HINT)
