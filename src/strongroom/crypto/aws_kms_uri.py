"""Which key of AWS KMS, and what it knows us by.

Source: AWS KMS API reference, "CreateAlias"; AWS General Reference, "AWS KMS
endpoints"; IAM, "AccessKey".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Final
from urllib.parse import urlsplit

from strongroom.crypto.conversation import Address
from strongroom.errors import DeniedError, InputError
from strongroom.types import Secret

SCHEME: Final = "aws-kms"
_FORM: Final = "an AWS KMS URI is aws-kms:REGION/KEY or aws-kms:REGION/KEY?endpoint=URL"
_REGION = re.compile(r"[a-z]{2}(-[a-z]{2,16}){1,3}-[0-9]{1,2}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}")
_HOST = re.compile(r"[A-Za-z0-9.:-]{1,253}")
_LOGIN = re.compile(
    r"(\w{1,128}):([A-Za-z0-9/+=]{1,128})(?::([A-Za-z0-9/+=_-]{1,4096}))?", re.ASCII
)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsKmsUri:
    """Which key: ``aws-kms:eu-central-1/weights``.

    Attributes:
        FORMAT: What a custodian's file with such a URI says it is.
        region: Of AWS.
        key: Its alias, without ``alias/``.
        endpoint: Who is asked instead of the region's public endpoint: one of a
            private network, or one with FIPS modules.
    """

    FORMAT: ClassVar = "strongroom/custody-aws-kms/v1"

    region: str
    key: str
    endpoint: Address | None = None

    def __post_init__(self) -> None:
        """Check that it can be asked, and not in the clear.

        Raises:
            InputError: A name cannot be used, or plain HTTP would leave the machine.
        """
        if not (_REGION.fullmatch(self.region) and _NAME.fullmatch(self.key)):
            raise InputError(_FORM)
        where = self.endpoint
        if where and not _HOST.fullmatch(where.host):
            raise InputError(_FORM)
        if where and not where.secure and where.host not in _LOOPBACK:
            raise InputError("shares do not travel in the clear", hint="use https:")

    @property
    def address(self) -> Address:
        """Who is asked."""
        suffix = (
            "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        )
        host = f"kms.{self.region}.{suffix}"
        return self.endpoint or Address(host=host, port=443, secure=True)

    def __str__(self) -> str:
        """Return the URI; an endpoint always has its port."""
        plain = f"{SCHEME}:{self.region}/{self.key}"
        return plain + (f"?endpoint={url(self.endpoint)}" if self.endpoint else "")

    @classmethod
    def from_text(cls, text: str) -> AwsKmsUri:
        """Return what ``text`` names.

        Raises:
            InputError: It is no such URI.
        """
        plain, asks, where = (
            text[:2048].removeprefix(f"{SCHEME}:").partition("?endpoint=")
        )
        region, _, key = plain.partition("/")
        return cls(region=region, key=key, endpoint=_address(where) if asks else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """An access key of IAM.

    Attributes:
        access_key_id: Names it.
        secret_key: Signs requests.
        session: Goes with a key that ends by itself; empty for one that does not.
    """

    access_key_id: str
    secret_key: Secret
    session: Secret

    @classmethod
    def from_secret(cls, secret: Secret) -> Login:
        """Return what ``ID:SECRET`` or ``ID:SECRET:SESSION`` says.

        Raises:
            DeniedError: It is none of these; what it was is not repeated.
        """
        found = _LOGIN.fullmatch(secret.reveal().decode("latin-1"))
        if not found:
            raise DeniedError(
                "that is no access key of AWS",
                hint="give ID:SECRET, or ID:SECRET:SESSION for one that ends by itself",
            )
        name, key, session = found.groups(default="")
        return cls(
            access_key_id=name,
            secret_key=Secret(key.encode()),
            session=Secret(session.encode()),
        )


def url(address: Address) -> str:
    """Return the URL of an address, the port always in it."""
    host = f"[{address.host}]" if ":" in address.host else address.host
    return f"{'https' if address.secure else 'http'}://{host}:{address.port}"


def _address(text: str) -> Address:
    try:
        parts = urlsplit(text)
        port = parts.port or _PORTS[parts.scheme]
    except (KeyError, ValueError):
        raise InputError(_FORM) from None
    if parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        raise InputError("an endpoint is a host and a port, no more")
    if parts.scheme not in _PORTS or not parts.hostname:
        raise InputError(_FORM)
    return Address(host=parts.hostname, port=port, secure=parts.scheme == "https")
