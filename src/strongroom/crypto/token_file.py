"""What a token custodian keeps beside its token: names, and a wrapped anchor key.

The token keeps the root key.  It offers no compare-and-swap that excludes other
processes, so the anchor is the same file with two slots that a file custodian has
(``crypto.anchor_file``); the key of its MAC is wrapped under the root key and
kept here.

Source: ``docs/specification/custody-token.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from strongroom import canonical
from strongroom.crypto import aws_kms_uri, token_uri, transit
from strongroom.crypto.aws_kms_uri import AwsKmsUri
from strongroom.crypto.custody_file import MAX_FILE_BYTES, check_name, read_private
from strongroom.crypto.token_uri import TokenUri
from strongroom.crypto.transit import TransitUri
from strongroom.errors import InputError, IntegrityError

FORMATS: Mapping[str, type[TokenUri] | type[TransitUri] | type[AwsKmsUri]] = {
    "strongroom/custody-token/v1": TokenUri,
    "strongroom/custody-transit/v1": TransitUri,
    "strongroom/custody-aws-kms/v1": AwsKmsUri,
}
"""What a file may say it is, and the kind of URI in it."""

_SCHEMES = {
    TokenUri: token_uri.SCHEME,
    TransitUri: transit.SCHEME,
    AwsKmsUri: aws_kms_uri.SCHEME,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFile:
    """What the file says; nothing in it is secret.

    Attributes:
        name: The custody domain.
        root_key_id: Names the root key; the token finds it by this.
        uri: The token or service, as it was when the key was made.
        anchor_key: The key of the anchor's MAC, wrapped under the root key.
    """

    name: str
    root_key_id: str
    uri: TokenUri | TransitUri | AwsKmsUri
    anchor_key: bytes = b""

    def __post_init__(self) -> None:
        """Check the name.

        Raises:
            InputError: It cannot be used.
        """
        check_name(self.name)

    @property
    def format(self) -> str:
        """What the file says it is, by the kind of its URI."""
        return next(name for name, kind in FORMATS.items() if type(self.uri) is kind)

    def context(self) -> bytes:
        """Return the place of the wrapped anchor key."""
        return canonical.encode(
            "strongroom/v1/wrap/anchor-key", self.name, self.root_key_id
        )

    def to_bytes(self) -> bytes:
        """Return the file's content, canonical JSON."""
        return canonical.to_json(
            {
                "anchor_key": self.anchor_key.hex(),
                "format": self.format,
                "name": self.name,
                "root_key_id": self.root_key_id,
                "uri": str(self.uri),
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> TokenFile:
        """Return what the file says.

        Raises:
            IntegrityError: It is not what ``to_bytes`` writes.
        """
        document = canonical.from_json(data, at_most_bytes=MAX_FILE_BYTES)
        try:
            if not isinstance(document, Mapping):
                raise TypeError
            parsed = cls(
                name=str(document["name"]),
                root_key_id=str(document["root_key_id"]),
                uri=FORMATS[str(document["format"])].from_text(str(document["uri"])),
                anchor_key=bytes.fromhex(str(document["anchor_key"])),
            )
        except (InputError, ValueError, TypeError, KeyError):
            raise IntegrityError("it is not a token custodian's file") from None
        if parsed.to_bytes() != data:
            raise IntegrityError("it is not a token custodian's file of this version")
        return parsed


def scheme_in(content: bytes) -> str | None:
    """Return the scheme of the custodian beside whose token such a file lies.

    Args:
        content: Of any custodian's file; not checked further.

    Returns:
        ``None`` if it is no file beside a token.
    """
    for form, kind in FORMATS.items():
        if f'"format":"{form}"'.encode() in content:
            return _SCHEMES[kind]
    return None


def read_token_file(path: Path) -> TokenFile:
    """Return what the file says.

    Raises:
        MissingError: There is no such file.
        IntegrityError: It is not a token custodian's file.
        SetupError: Others than its owner may read it.
        UnavailableError: It cannot be read.
    """
    data = read_private(path)
    try:
        return TokenFile.from_bytes(data)
    except IntegrityError as error:
        raise IntegrityError(f"{path}: {error}") from None
