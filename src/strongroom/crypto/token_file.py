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
from typing import ClassVar, Generic, Protocol, Self, TypeVar

from strongroom import canonical
from strongroom.crypto.custody_file import MAX_FILE_BYTES, check_name, read_private
from strongroom.errors import InputError, IntegrityError


class KeyUri(Protocol):
    """Where a key is held; its text is one that ``from_text`` reads again.

    Attributes:
        FORMAT: What a custodian's file with such a URI says it is.
    """

    FORMAT: ClassVar[str]

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return what ``text`` names.

        Raises:
            InputError: It is no such URI.
        """


U_co = TypeVar("U_co", bound=KeyUri, covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFile(Generic[U_co]):
    """What the file says; nothing in it is secret.

    Attributes:
        name: The custody domain.
        root_key_id: Names the root key; the token finds it by this.
        uri: The token or service, as it was when the key was made.
        anchor_key: The key of the anchor's MAC, wrapped under the root key.
    """

    name: str
    root_key_id: str
    uri: U_co
    anchor_key: bytes = b""

    def __post_init__(self) -> None:
        """Check the name.

        Raises:
            InputError: It cannot be used.
        """
        check_name(self.name)

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
                "format": self.uri.FORMAT,
                "name": self.name,
                "root_key_id": self.root_key_id,
                "uri": str(self.uri),
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes, kind: type[U_co]) -> TokenFile[U_co]:
        """Return what the file says.

        Args:
            data: All of it.
            kind: Of the URI that it must have.

        Raises:
            IntegrityError: It is not what ``to_bytes`` writes for such a URI.
        """
        document = canonical.from_json(data, at_most_bytes=MAX_FILE_BYTES)
        try:
            if not isinstance(document, Mapping):
                raise TypeError
            if document["format"] != kind.FORMAT:
                raise ValueError
            parsed = cls(
                name=str(document["name"]),
                root_key_id=str(document["root_key_id"]),
                uri=kind.from_text(str(document["uri"])),
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

    Raises:
        IntegrityError: It is nobody's file.
    """
    document = canonical.from_json(content, at_most_bytes=MAX_FILE_BYTES)
    if not isinstance(document, Mapping) or "uri" not in document:
        return None
    return str(document["uri"]).partition(":")[0]


def read_token_file(path: Path, kind: type[U_co]) -> TokenFile[U_co]:
    """Return what the file says; it must have a URI of this kind.

    Raises:
        MissingError: There is no such file.
        IntegrityError: It is not such a custodian's file.
        SetupError: Others than its owner may read it.
        UnavailableError: It cannot be read.
    """
    data = read_private(path)
    try:
        return TokenFile.from_bytes(data, kind)
    except IntegrityError as error:
        raise IntegrityError(f"{path}: {error}") from None
