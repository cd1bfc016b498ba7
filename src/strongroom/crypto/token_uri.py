"""URIs that name a key in a token: ``pkcs11:token=room;object=weights?module-path=…``.

Only what Strongroom needs of RFC 7512 is taken; an attribute that is not known is
refused, since one that is ignored could have told two tokens apart.  A PIN never
stands in a URI: ``room.toml`` holds no secret.

Source: RFC 7512 section 2; ``docs/specification/custody-token.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote, unquote_to_bytes

from strongroom.errors import InputError

SCHEME = "pkcs11"
MAX_URI_BYTES = 2048
OBJECT = "strongroom"
"""Label of the key unless the URI names another."""

_PATH = ("token", "serial", "object")
_QUERY = ("module-path",)
_SECRET = ("pin-value", "pin-source")
_SAFE = "-._~"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUri:
    """Which key of which token, and who speaks to it.

    Attributes:
        FORMAT: What a custodian's file with such a URI says it is.
        token: Label of the token.
        serial: Its serial number; empty where the label is enough.
        object: Label of the key.
        module: Path of the vendor's PKCS#11 library.
    """

    FORMAT: ClassVar = "strongroom/custody-token/v1"

    token: str
    module: str
    serial: str = ""
    object: str = OBJECT

    def __post_init__(self) -> None:
        """Check that it can name something.

        Raises:
            InputError: Token or module is missing, or something cannot be shown.
        """
        if not self.token or not self.object:
            raise InputError(
                "a token's URI names no token", hint="pkcs11:token=LABEL?module-path=SO"
            )
        if not self.module:
            raise InputError(
                "a token's URI names no PKCS#11 library",
                hint="append ?module-path=SO, the library of the token's vendor",
            )
        if not all(x.isprintable() for x in (self.token, self.serial, self.object)):
            raise InputError("a token's URI holds characters that cannot be shown")
        if not self.module.startswith("/") or "\0" in self.module:
            raise InputError("module-path is not the whole path of a library")

    def __str__(self) -> str:
        """Return the URI, attributes in one fixed order."""
        path = [("token", self.token), ("serial", self.serial), ("object", self.object)]
        shown = [f"{name}={quote(value, safe=_SAFE)}" for name, value in path if value]
        return (
            f"{SCHEME}:{';'.join(shown)}?module-path={quote(self.module, '/' + _SAFE)}"
        )

    @classmethod
    def from_text(cls, text: str) -> TokenUri:
        """Return what ``text`` names.

        Raises:
            InputError: It is no such URI, is too long, names something unknown or
                twice, or holds a PIN.
        """
        if len(text) > MAX_URI_BYTES or not text.startswith(f"{SCHEME}:"):
            raise InputError(f"{text[:80]!r} is no {SCHEME}: URI of at most 2048 bytes")
        path, _, query = text.removeprefix(f"{SCHEME}:").partition("?")
        found = _attributes(path, ";", _PATH) | _attributes(query, "&", _QUERY)
        return cls(
            token=found.get("token", ""),
            serial=found.get("serial", ""),
            object=found.get("object", OBJECT),
            module=found.get("module-path", ""),
        )


def _attributes(text: str, separator: str, known: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in text.split(separator) if text else ():
        name, equals, value = item.partition("=")
        if name in _SECRET:
            raise InputError(
                "a URI holds no PIN", hint="--passphrase-file DOMAIN=FILE, or type it"
            )
        if not equals or name not in known or name in found:
            raise InputError(
                f"{name[:40]!r} of a token's URI is unknown or there twice",
                hint="known: " + ", ".join((*_PATH, *_QUERY)),
            )
        try:
            found[name] = unquote_to_bytes(value).decode()
        except UnicodeDecodeError:
            raise InputError(f"{name} of a token's URI is not UTF-8") from None
    return found
