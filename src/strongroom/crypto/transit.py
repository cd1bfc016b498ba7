"""A key in the transit engine of HashiCorp Vault or OpenBao.

The service encrypts and decrypts by AES-256-GCM with associated data and keeps the
key.  A wrap is the text that it returns, ``vault:v1:…``.  Written after the
published HTTP API; it was never run against a server, see
``docs/reference/adapters.md``.

Source: HashiCorp Vault API, "Transit secrets engine" (encrypt, decrypt, read key).
"""

from __future__ import annotations

import base64
import http
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, cast
from urllib.parse import urlsplit

from strongroom.crypto.conversation import (
    MAX_ANSWER_BYTES,
    SECONDS,
    Address,
    ask,
)
from strongroom.crypto.wraps import check_length
from strongroom.errors import (
    DeniedError,
    InputError,
    IntegrityError,
    MissingError,
    SetupError,
    UnavailableError,
)
from strongroom.types import Secret

SCHEME: Final = "transit"
KEY_TYPE: Final = "aes256-gcm96"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_WRAP = re.compile(rb"vault:v[1-9][0-9]{0,8}:[A-Za-z0-9+/]+={0,2}")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_REFUSED = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitUri:
    """Which key of which service: ``transit:https://vault.example/transit/weights``.

    Attributes:
        FORMAT: What a custodian's file with such a URI says it is.
        host: Name or address.
        port: 443 unless given.
        mount: Where the engine is mounted.
        key: Name of the key.
        secure: Whether TLS is spoken; without it only to this machine.
    """

    FORMAT: ClassVar = "strongroom/custody-transit/v1"

    host: str
    mount: str
    key: str
    port: int = 443
    secure: bool = True

    def __post_init__(self) -> None:
        """Check that it can be asked, and not in the clear.

        Raises:
            InputError: A name cannot be used, or plain HTTP would leave the machine.
        """
        if not (_NAME.fullmatch(self.mount) and _NAME.fullmatch(self.key)):
            raise InputError("a transit URI is transit:https://HOST/MOUNT/KEY")
        if not self.secure and self.host not in _LOOPBACK:
            raise InputError("shares do not travel in the clear", hint="use https:")

    def __str__(self) -> str:
        """Return the URI, the port always in it."""
        scheme = "https" if self.secure else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{SCHEME}:{scheme}://{host}:{self.port}/{self.mount}/{self.key}"

    @classmethod
    def from_text(cls, text: str) -> TransitUri:
        """Return what ``text`` names.

        Raises:
            InputError: It is no such URI.
        """
        try:
            parts = urlsplit(text[:2048].removeprefix(f"{SCHEME}:"))
            secure = {"https": True, "http": False}[parts.scheme]
            _, mount, key = parts.path.split("/")
            port = parts.port or (443 if secure else 80)
        except (KeyError, ValueError):
            raise InputError(
                "a transit URI is transit:https://HOST/MOUNT/KEY"
            ) from None
        if parts.username or parts.query or parts.fragment or not parts.hostname:
            raise InputError("a transit URI holds a host, a mount and a key, no more")
        return cls(host=parts.hostname, mount=mount, key=key, port=port, secure=secure)


class TransitKey:
    """A key held by the service, asked for anew at each use.

    Args:
        uri: Which key.
        token: What the service knows us by.
        seconds: What a whole answer may take, however slowly it drips.
    """

    def __init__(
        self, uri: TransitUri, token: Secret, *, seconds: float = SECONDS
    ) -> None:
        self._uri = uri
        self._token = token
        self._seconds = seconds

    def make(self) -> None:
        """Have the service make the key; one that is there is left and refused.

        Raises:
            DeniedError: The token may not.
            SetupError: There is such a key.
            UnavailableError: The service does not answer.
        """
        try:
            self._ask("GET", "keys")
        except MissingError:
            self._ask("POST", "keys", {"type": KEY_TYPE})
            return
        raise SetupError(
            f"the service has a key {self._uri.key}", hint="name another in the URI"
        )

    def verify(self) -> None:
        """Check that the key is one that binds a wrap to its place and stays there.

        Raises:
            DeniedError: The token may not.
            MissingError: There is no such key.
            SetupError: It is of another type, derived, or can be exported.
            UnavailableError: The service does not answer.
        """
        found = self._ask("GET", "keys")
        if found.get("type") != KEY_TYPE or found.get("derived"):
            raise SetupError(f"the key {self._uri.key} is not of type {KEY_TYPE}")
        if found.get("exportable") or found.get("allow_plaintext_backup"):
            raise SetupError(f"the key {self._uri.key} can leave its service")

    def discard(self) -> None:
        """Leave the key: an engine deletes none unless it was told before."""

    def wrap(self, secret: Secret, place: bytes) -> bytes:
        """Return the secret encrypted by the service, bound to its place.

        Raises:
            InputError: The secret is too long.
            DeniedError: The token may not.
            UnavailableError: The service does not answer, or not with a wrap.
        """
        check_length(secret)
        asked = {
            "plaintext": _base64(secret.reveal()),
            "associated_data": _base64(place),
        }
        text = str(self._ask("POST", "encrypt", asked).get("ciphertext"))
        wrapped = text.encode(errors="replace")  # JSON may hold half a character
        if not _is_wrap(wrapped):
            raise UnavailableError(f"{self._uri.host} answers something else")
        return wrapped

    def unwrap(self, wrapped: bytes, place: bytes) -> Secret | None:
        """Return the secret, or ``None`` if the service refused it.

        Raises:
            IntegrityError: It has the form of no wrap.
            DeniedError: The token may not.
            UnavailableError: The service does not answer, or not with a secret.
        """
        if len(wrapped) > MAX_ANSWER_BYTES or not _is_wrap(wrapped):
            raise IntegrityError("a wrap is not one of a transit engine")
        asked = {"ciphertext": wrapped.decode(), "associated_data": _base64(place)}
        try:
            answer = self._ask("POST", "decrypt", asked)
        except InputError:
            return None
        try:
            return Secret(base64.b64decode(str(answer["plaintext"]), validate=True))
        except (KeyError, ValueError):
            raise UnavailableError(f"{self._uri.host} answers something else") from None

    def _ask(
        self, method: str, what: str, document: Mapping[str, str] | None = None
    ) -> Mapping[str, object]:
        """Return ``data`` of the answer; ``InputError`` is what the service refused."""
        uri = self._uri
        status, data = ask(
            Address(host=uri.host, port=uri.port, secure=uri.secure),
            method,
            f"/v1/{uri.mount}/{what}/{uri.key}",
            body=json.dumps(document).encode() if document else None,
            headers={"X-Vault-Token": self._token.reveal().decode("latin-1")},
            seconds=self._seconds,
        )
        self._check(status)
        return _data(data, uri.host)

    def _check(self, status: int) -> None:
        uri = self._uri
        if status == _REFUSED:
            raise InputError(f"{uri.host} refused it")
        if status == http.HTTPStatus.FORBIDDEN:
            raise DeniedError(
                f"{uri.host} does not let us use the key {uri.key}",
                hint="give a token whose policy allows encrypt and decrypt",
            )
        if status == http.HTTPStatus.NOT_FOUND:
            raise MissingError(f"{uri.host} has no key {uri.key} at {uri.mount}")
        if status not in (http.HTTPStatus.OK, http.HTTPStatus.NO_CONTENT):
            raise UnavailableError(f"{uri.host} answers {status}; is it sealed?")


def _data(content: bytes, host: str) -> Mapping[str, object]:
    if not content:
        return {}
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise UnavailableError(f"{host} answers something that is no JSON object")
    found = document.get("data")
    return cast("Mapping[str, object]", found) if isinstance(found, dict) else {}


def _is_wrap(wrapped: bytes) -> bool:
    """Return whether this is a wrap of an engine, in its one spelling.

    Decoders ignore the last bits of base64 that stand for no byte, engines too: a
    wrap altered there would open.
    """
    if not _WRAP.fullmatch(wrapped):
        return False
    text = wrapped.rpartition(b":")[2]
    try:
        return base64.b64encode(base64.b64decode(text, validate=True)) == text
    except ValueError:
        return False


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
