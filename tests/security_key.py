"""A security key in software that speaks CTAP 2, for the library ``fido2``.

Nobody plugs a key into a machine that runs tests: this one answers the messages that
a key on USB would, and signs with ``tests.authenticator``.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from errno import ENODEV
from hashlib import sha256
from threading import Event
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from fido2.ctap import CtapDevice
from fido2.ctap2.pin import PinProtocolV2
from fido2.hid import CAPABILITY

from tests.authenticator import (
    ATTESTED,
    NO_AAGUID,
    Credential,
    SoftAuthenticator,
    cose,
    new_key,
    read_cbor,
    sign,
    write_cbor,
)

MAKE_CREDENTIAL, GET_ASSERTION, GET_INFO, CLIENT_PIN = 1, 2, 4, 6
OK, NO_CREDENTIALS, EXCLUDED, DENIED = b"\x00", b"\x2e", b"\x19", b"\x27"
NOT_TOUCHED, PIN_INVALID, PIN_BLOCKED = b"\x2f", b"\x31", b"\x32"
PIN_AUTH_INVALID, PIN_AUTH_BLOCKED, PIN_POLICY = b"\x33", b"\x34", b"\x37"
PIN_RETRIES, KEY_AGREEMENT, PIN_TOKEN = 1, 2, 9
TRIES, IN_A_ROW = 8, 3
"""Wrong PINs until a key is blocked for good, and until it has to be taken out."""


@dataclass
class SecurityKey(CtapDevice):  # type: ignore[misc]  # the extra is not followed
    """A key with a fingerprint reader, or one with a PIN.

    Attributes:
        soft: Its passkeys and its counter.
        finger: Whether it has a reader and knows a finger.
        pin: Its PIN, ``None`` for one that can have none, empty while none is set.
        says: What it answers in place of a passkey or a signature, if anything.
        tries: Wrong PINs that are left.
        row: Wrong PINs since it was put in.
        lost_at: The message at which it is pulled out; none if 0.
        tells_tries: Whether it says how many are left.
    """

    soft: SoftAuthenticator = field(default_factory=SoftAuthenticator)
    finger: bool = True
    pin: str | None = None
    says: bytes = b""
    tries: int = TRIES
    row: int = 0
    lost_at: int = 0
    tells_tries: bool = True
    _agreed: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    _token: bytes = field(default_factory=lambda: os.urandom(32))

    @property
    def capabilities(self) -> int:
        return int(CAPABILITY.CBOR)

    @classmethod
    def list_devices(cls) -> Iterator[SecurityKey]:
        yield from ()

    def call(
        self,
        cmd: int,
        data: bytes = b"",
        event: Event | None = None,
        on_keepalive: Callable[[Any], None] | None = None,
    ) -> bytes:
        """Answer one message."""
        if data[0] == self.lost_at:
            raise OSError(ENODEV, "No such device")
        if data[0] == GET_INFO:
            return OK + write_cbor(self._info())
        asked = read_cbor(data[1:])
        if data[0] == CLIENT_PIN:
            return self._client_pin(asked)
        if self.says:
            return self.says
        making = data[0] == MAKE_CREDENTIAL
        digest, proof = (asked[1], asked.get(8)) if making else (asked[2], asked.get(6))
        if self.pin and not self.finger and proof != self._proof(digest):
            return PIN_AUTH_INVALID
        return self._make(asked) if making else self._get(asked)

    def _info(self) -> dict[int, Any]:
        options = {"rk": False, "up": True}  # canonical CBOR: the short ones first
        if self.finger:
            options["uv"] = True
        if self.pin is not None:
            options["clientPin"] = bool(self.pin)
        options["pinUvAuthToken"] = not self.finger
        return {1: ["FIDO_2_0", "FIDO_2_1"], 3: NO_AAGUID, 4: options, 6: [2]}

    def _client_pin(self, asked: dict[int, Any]) -> bytes:
        """Answer about the PIN, by protocol 2."""
        if asked[2] == PIN_RETRIES and not self.tells_tries:
            raise OSError(ENODEV, "No such device")
        if asked[2] == PIN_RETRIES:
            return OK + write_cbor({3: self.tries, 4: self.row == IN_A_ROW})
        if asked[2] == KEY_AGREEMENT:
            return OK + write_cbor({1: {**cose(self._agreed), 3: -25}})
        assert asked[2] == PIN_TOKEN
        if not self.tries:
            return PIN_BLOCKED
        if self.row == IN_A_ROW:
            return PIN_AUTH_BLOCKED
        protocol, theirs = PinProtocolV2(), asked[3]
        x, y = (int.from_bytes(theirs[name], "big") for name in (-2, -3))
        point = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        secret = protocol.kdf(self._agreed.exchange(ec.ECDH(), point))
        self._agreed = ec.generate_private_key(ec.SECP256R1())
        typed = protocol.decrypt(secret, asked[6])
        if typed != sha256((self.pin or "").encode()).digest()[:16]:
            return self._wrong()
        self.tries, self.row = TRIES, 0
        return OK + write_cbor({2: protocol.encrypt(secret, self._token)})

    def _wrong(self) -> bytes:
        self.tries, self.row = self.tries - 1, self.row + 1
        if not self.tries:
            return PIN_BLOCKED
        return PIN_AUTH_BLOCKED if self.row == IN_A_ROW else PIN_INVALID

    def _proof(self, digest: bytes) -> bytes:
        return hmac.digest(self._token, digest, "sha256")

    def _make(self, asked: dict[int, Any]) -> bytes:
        if any(known["id"] in self.soft.credentials for known in asked.get(5, ())):
            return EXCLUDED
        made = Credential(id=sha256(repr(asked).encode()).digest(), key=new_key())
        self.soft.credentials[made.id] = made
        attested = NO_AAGUID + len(made.id).to_bytes(2, "big") + made.id
        attested += write_cbor(cose(made.key))
        data = self.soft.data(asked[2]["id"], made, ATTESTED) + attested
        statement = {"alg": -7, "sig": sign(made.key, data + asked[1])}
        return OK + write_cbor({1: "packed", 2: data, 3: statement})

    def _get(self, asked: dict[int, Any]) -> bytes:
        for wanted in asked[3]:
            if (found := self.soft.credentials.get(wanted["id"])) is None:
                continue
            data = self.soft.data(asked[1], found)
            signature = sign(found.key, data + asked[2])
            return OK + write_cbor({1: wanted, 2: data, 3: signature})
        return NO_CREDENTIALS
