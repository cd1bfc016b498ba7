"""An authenticator in software: what a security key does, and what a forger would.

It speaks the JSON of WebAuthn Level 3, like a browser with a key in it.  With
``python -m tests.authenticator FILE`` it keeps its keys in a file and answers one
question on standard input, as ``--authenticator`` wants it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeAlias

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from tests.conftest import require

Key: TypeAlias = (
    ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
)

ES256, EDDSA, RS256 = -7, -8, -257
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
NO_AAGUID: Final = bytes(16)


@dataclass
class Credential:
    """One passkey with its private half."""

    id: bytes
    key: Key
    count: int = 0


@dataclass
class SoftAuthenticator:
    """A security key whose every answer a test can bend.

    Attributes:
        origin: Where its browser says it is.
        algorithm: COSE name of the keys that it makes.
        verifies: Whether it checks who sits there.
        counts: Whether it has a counter.
        credentials: Its passkeys, by id.
        client_data: More members of what it signs, such as ``crossOrigin``.
        imitated: What it calls the next passkey, like one that it copied.
    """

    origin: str = "https://rooms.example"
    algorithm: int = ES256
    verifies: bool = True
    counts: bool = True
    credentials: dict[bytes, Credential] = field(default_factory=dict)
    client_data: dict[str, Any] = field(default_factory=dict)
    imitated: bytes = b""

    def __post_init__(self) -> None:
        """Skip the test where the environment is older than the locks."""
        there = all(map(find_spec, ("cbor2", "webauthn")))
        require("webauthn", present=there)

    def create(self, options: str) -> str:
        """Make a passkey; return a ``RegistrationResponseJSON``."""
        asked = json.loads(options)
        credential = Credential(
            id=self.imitated or os.urandom(32), key=new_key(self.algorithm)
        )
        self.credentials[credential.id] = credential
        attested = (
            NO_AAGUID
            + len(credential.id).to_bytes(2, "big")
            + credential.id
            + write_cbor(cose(credential.key))
        )
        data = self.data(asked["rp"]["id"], credential, ATTESTED) + attested
        client_data = self._client_data("webauthn.create", asked["challenge"])
        attestation = {"fmt": "none", "attStmt": {}, "authData": data}
        return _answer(
            credential.id,
            clientDataJSON=client_data,
            attestationObject=write_cbor(attestation),
        )

    def get(self, options: str) -> str:
        """Sign with a passkey that is asked for; ``AuthenticationResponseJSON``."""
        asked = json.loads(options)
        for wanted in asked["allowCredentials"]:
            if (name := bytes_of(wanted["id"])) in self.credentials:
                return self.sign(
                    self.credentials[name],
                    challenge=asked["challenge"],
                    domain=asked["rpId"],
                )
        raise LookupError("none of the passkeys that are asked for is here")

    def sign(self, credential: Credential, *, challenge: str, domain: str) -> str:
        """Sign whatever is wanted."""
        data = self.data(domain, credential)
        client_data = self._client_data("webauthn.get", challenge)
        signed = data + hashlib.sha256(client_data).digest()
        return _answer(
            credential.id,
            clientDataJSON=client_data,
            authenticatorData=data,
            signature=sign(credential.key, signed),
        )

    @staticmethod
    def challenge_of(options: str) -> str:
        """Return what somebody is asked to sign."""
        return str(json.loads(options)["challenge"])

    def data(self, domain: str, credential: Credential, flags: int = 0) -> bytes:
        """Return authenticator data; the counter grows."""
        credential.count += self.counts
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        count = credential.count.to_bytes(4, "big")
        return hashlib.sha256(domain.encode()).digest() + bytes([flags]) + count

    def _client_data(self, kind: str, challenge: str) -> bytes:
        document = {
            "type": kind,
            "challenge": challenge,
            "origin": self.origin,
            "crossOrigin": False,
            **self.client_data,
        }
        return json.dumps(document).encode()


def cose(key: Key) -> dict[int, Any]:
    """Return the public half as a COSE key."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point = key.public_key().public_numbers()
        x, y = point.x.to_bytes(32, "big"), point.y.to_bytes(32, "big")
        return {1: 2, 3: ES256, -1: 1, -2: x, -3: y}
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return {1: 1, 3: EDDSA, -1: 6, -2: key.public_key().public_bytes_raw()}
    numbers = key.public_key().public_numbers()
    n = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
    return {1: 3, 3: RS256, -1: n, -2: numbers.e.to_bytes(3, "big")}


def write_cbor(value: object) -> bytes:
    """Return a value as authenticators write it."""
    import cbor2  # noqa: PLC0415  see ``__post_init__``

    return cbor2.dumps(value)


def read_cbor(data: bytes) -> Any:  # noqa: ANN401  whatever was written
    """Return what an authenticator wrote."""
    import cbor2  # noqa: PLC0415  see ``__post_init__``

    return cbor2.loads(data)


def bytes_of(text: str) -> bytes:
    """Return what URL-safe base64 without padding says."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def text_of(data: bytes) -> str:
    """Return bytes as WebAuthn writes them."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def new_key(algorithm: int = ES256) -> Key:
    """Return a fresh private key."""
    if algorithm == ES256:
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == EDDSA:
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def sign(key: Key, data: bytes) -> bytes:
    """Return what a private key signs."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(data, ec.ECDSA(hashes.SHA256()))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def _answer(credential: bytes, **parts: bytes) -> str:
    name = text_of(credential)
    response = {key: text_of(part) for key, part in parts.items()}
    return json.dumps(
        {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "response": response,
            "clientExtensionResults": {},
        }
    )


def load(path: Path) -> SoftAuthenticator:
    """Return the authenticator that ``save`` wrote, or a new one."""
    if not path.exists():
        return SoftAuthenticator(origin="")
    found = SoftAuthenticator(origin="")
    for row in json.loads(path.read_text()):
        key = serialization.load_pem_private_key(row["key"].encode(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        name = bytes_of(row["id"])
        found.credentials[name] = Credential(id=name, key=key, count=row["count"])
    return found


def save(path: Path, authenticator: SoftAuthenticator) -> None:
    """Write the passkeys with their counters, in the clear: it is for tests."""
    rows = [
        {
            "id": text_of(credential.id),
            "count": credential.count,
            "key": credential.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ).decode(),
        }
        for credential in authenticator.credentials.values()
    ]
    path.write_text(json.dumps(rows))


def main(path: Path) -> None:
    """Answer ``{"origin", "create" or "get"}`` on standard input."""
    asked = json.loads(sys.stdin.read())
    authenticator = load(path)
    authenticator.origin = asked["origin"]
    if "create" in asked:
        answer = authenticator.create(json.dumps(asked["create"]))
    else:
        answer = authenticator.get(json.dumps(asked["get"]))
    save(path, authenticator)
    sys.stdout.write(answer)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
