"""The signed answer of the desk, with the sealed keys.

Reader and desk both compute ``info`` from everything that the release is about;
HPKE mixes it into the key, so an answer opens only for the reader, the request
and the moment that it was made for.

Source: RFC 9180; ``docs/specification/release.md``.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from strongroom import canonical
from strongroom.database.times import format_time, parse_time
from strongroom.errors import IntegrityError
from strongroom.permits.opening import Opening
from strongroom.types import (
    AccountId,
    ArtifactId,
    PermitId,
    RequestId,
    RoomId,
    SegmentId,
)
from strongroom.vault.manifest import (
    MAX_MANIFEST_BYTES,
)

PURPOSE = "answer"
"""What the desk's signature over an answer is for."""

KEY_BYTES = 32
MAX_ANSWER_BYTES = 4 * MAX_MANIFEST_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Everything that one release of keys is about; both sides know it.

    Attributes:
        session: Of the login, empty without one.
        opening: Digest of what the reader asked for.
        entry: Hexadecimal leaf hash of the ledger entry that records it.
        expires_at: When the permit ends.
    """

    room: RoomId
    permit: PermitId
    request: RequestId
    account: AccountId
    session: str
    artifact: ArtifactId
    version: int
    generation: int
    manifest: str
    segments: tuple[SegmentId, ...]
    opening: str
    expires_at: datetime
    entry: str

    def info(self, opening: Opening) -> bytes:
        """Return the 32 bytes that HPKE binds the keys to."""
        return canonical.digest(
            "strongroom/v1/release",
            self.room,
            self.permit,
            self.request,
            self.account,
            self.session,
            opening.reader,
            opening.nonce,
            self.manifest,
            self.artifact,
            self.version,
            self.generation,
            len(self.segments),
            *self.segments,
            format_time(self.expires_at),
            self.entry,
        )

    def document(self) -> dict[str, canonical.Json]:
        """Return its JSON form."""
        return {
            "room": self.room,
            "permit": self.permit,
            "request": self.request,
            "account": self.account,
            "session": self.session,
            "artifact": self.artifact,
            "version": self.version,
            "generation": self.generation,
            "manifest": self.manifest,
            "segments": list(self.segments),
            "opening": self.opening,
            "expires_at": format_time(self.expires_at),
            "entry": self.entry,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPart:
    """What one custodian sealed to the reader: its part of one segment's key."""

    segment: SegmentId
    share: int
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the desk sends: the release, the manifest, and the sealed keys.

    Attributes:
        sealed_keys: K of the segments that have no parts; empty if all have.
        parts: What custodians sealed themselves, in the order of the segments.
    """

    release: Release
    manifest: bytes
    sealed_keys: bytes
    parts: tuple[KeyPart, ...] = ()

    def payload(self) -> bytes:
        """Return the canonical JSON that the desk signs."""
        parts: list[canonical.Json] = [
            {
                "segment": part.segment,
                "share": part.share,
                "sealed": base64.b64encode(part.sealed).decode(),
            }
            for part in self.parts
        ]
        return canonical.to_json(
            {
                **({"v": 2, "parts": parts} if parts else {"v": 1}),
                "release": self.release.document(),
                "manifest": base64.b64encode(self.manifest).decode(),
                "sealed_keys": base64.b64encode(self.sealed_keys).decode(),
            }
        )


def parse_answer(payload: bytes) -> Answer:
    """Return the answer that ``payload`` states; its signature is checked before.

    Raises:
        IntegrityError: It is too long, not canonical, or has another shape.
    """
    document = canonical.from_json(payload, at_most_bytes=MAX_ANSWER_BYTES)
    try:
        answer = _from_document(cast("Mapping[str, object]", document))
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise IntegrityError(f"an answer is not understood: {error}") from None
    if answer.payload() != payload:
        raise IntegrityError("an answer has fields that nobody knows")
    return answer


def _from_document(document: Mapping[str, object]) -> Answer:
    release = cast("Mapping[str, object]", document["release"])
    bytes.fromhex(str(release["entry"]))  # a reader takes it for that
    return Answer(
        release=Release(
            room=RoomId(str(release["room"])),
            permit=PermitId(str(release["permit"])),
            request=RequestId(str(release["request"])),
            account=AccountId(str(release["account"])),
            session=str(release["session"]),
            artifact=ArtifactId(str(release["artifact"])),
            version=int(str(release["version"])),
            generation=int(str(release["generation"])),
            manifest=str(release["manifest"]),
            segments=tuple(
                SegmentId(str(s)) for s in cast("list[object]", release["segments"])
            ),
            opening=str(release["opening"]),
            expires_at=parse_time(str(release["expires_at"])),
            entry=str(release["entry"]),
        ),
        manifest=base64.b64decode(str(document["manifest"]), validate=True),
        sealed_keys=base64.b64decode(str(document["sealed_keys"]), validate=True),
        parts=tuple(
            KeyPart(
                segment=SegmentId(str(part["segment"])),
                share=int(str(part["share"])),
                sealed=base64.b64decode(str(part["sealed"]), validate=True),
            )
            for part in cast("list[Mapping[str, object]]", document.get("parts", ()))
        ),
    )
