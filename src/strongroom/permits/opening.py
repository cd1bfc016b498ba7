"""What a reader asks the desk for.

Source: ``docs/specification/release.md``.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from strongroom import canonical
from strongroom.crypto.hpke import PUBLIC_BYTES
from strongroom.errors import InputError, IntegrityError
from strongroom.types import ArtifactId, PermitId

NONCE_BYTES = 32
MAX_OPENING_BYTES = 512 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a reader asks for.

    Attributes:
        permit: On which permit.
        artifact: Which artifact.
        version: Which version of it.
        segments: Names of segments.
        reader: The reader's public key, made for this one opening.
        nonce: 32 random bytes, used once.
    """

    permit: PermitId
    artifact: ArtifactId
    version: int
    segments: tuple[str, ...]
    reader: bytes
    nonce: bytes

    def __post_init__(self) -> None:
        """Check the shape.

        Raises:
            InputError: The nonce or the reader's key has another length, or no
                segment is named.
        """
        if len(self.reader) != PUBLIC_BYTES:
            raise InputError(f"a reader's public key has {PUBLIC_BYTES} bytes")
        if len(self.nonce) != NONCE_BYTES:
            raise InputError(f"a nonce has {NONCE_BYTES} bytes")
        if not self.segments:
            raise InputError("no segment is named", hint="--segment NAME")

    def to_bytes(self) -> bytes:
        """Return it as canonical JSON, for whoever has to see all of it."""
        return canonical.to_json(
            {
                "permit": self.permit,
                "artifact": self.artifact,
                "version": self.version,
                "segments": list(self.segments),
                "reader": base64.b64encode(self.reader).decode(),
                "nonce": base64.b64encode(self.nonce).decode(),
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Opening:
        """Return the opening that ``to_bytes`` wrote.

        Raises:
            IntegrityError: It is another document.
        """
        document = canonical.from_json(data, at_most_bytes=MAX_OPENING_BYTES)
        try:
            parsed = _from_document(cast("Mapping[str, object]", document))
        except (InputError, KeyError, TypeError, ValueError):
            raise IntegrityError("it is not what a reader asks for") from None
        if parsed.to_bytes() != data:
            raise IntegrityError("a reader asks for something that nobody knows")
        return parsed

    @property
    def digest(self) -> str:
        """Hexadecimal digest of all of it; a repeated nonce must repeat it."""
        return canonical.digest(
            "strongroom/v1/opening",
            self.permit,
            self.artifact,
            self.version,
            len(self.segments),
            *self.segments,
            self.reader,
            self.nonce,
        ).hex()


def _from_document(document: Mapping[str, object]) -> Opening:
    return Opening(
        permit=PermitId(str(document["permit"])),
        artifact=ArtifactId(str(document["artifact"])),
        version=int(str(document["version"])),
        segments=tuple(str(s) for s in cast("list[object]", document["segments"])),
        reader=base64.b64decode(str(document["reader"]), validate=True),
        nonce=base64.b64decode(str(document["nonce"]), validate=True),
    )
