"""A security key in software that speaks CTAP 2, for the library ``fido2``.

Nobody plugs a key into a machine that runs tests: this one answers the messages that
a key on USB would, and signs with ``tests.authenticator``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Event
from typing import Any

from fido2.ctap import CtapDevice
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

MAKE_CREDENTIAL, GET_ASSERTION, GET_INFO = 1, 2, 4
OK, NO_CREDENTIALS, DENIED = b"\x00", b"\x2e", b"\x27"


@dataclass
class SecurityKey(CtapDevice):  # type: ignore[misc]  # the extra is not followed
    """A key with a fingerprint reader.

    Attributes:
        soft: Its passkeys and its counter.
        refuses: Whether the finger is another one.
    """

    soft: SoftAuthenticator = field(default_factory=SoftAuthenticator)
    refuses: bool = False

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
        if data[0] == GET_INFO:
            options = {"rk": False, "up": True, "uv": True}
            info = {1: ["FIDO_2_0"], 3: NO_AAGUID, 4: options, 6: [2]}
            return OK + write_cbor(info)
        if self.refuses:
            return DENIED
        asked = read_cbor(data[1:])
        return self._make(asked) if data[0] == MAKE_CREDENTIAL else self._get(asked)

    def _make(self, asked: dict[int, Any]) -> bytes:
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
