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
from strongroom.crypto.hpke import ReaderKey
from strongroom.crypto.roomkeys import PublicKeys
from strongroom.crypto.signing import Signed, VerifyKey
from strongroom.database.times import format_time, parse_time
from strongroom.errors import IntegrityError
from strongroom.permits.opening import Opening
from strongroom.types import (
    AccountId,
    ArtifactId,
    PermitId,
    RequestId,
    RoomId,
    Secret,
    SegmentId,
)
from strongroom.vault.manifest import (
    MAX_MANIFEST_BYTES,
    Manifest,
    manifest_digest,
    parse_manifest,
)
from strongroom.vault.manifest import PURPOSE as MANIFEST_PURPOSE

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
class Answer:
    """What the desk sends: the release, the manifest, and the sealed keys."""

    release: Release
    manifest: bytes
    sealed_keys: bytes

    def payload(self) -> bytes:
        """Return the canonical JSON that the desk signs."""
        return canonical.to_json(
            {
                "v": 1,
                "release": self.release.document(),
                "manifest": base64.b64encode(self.manifest).decode(),
                "sealed_keys": base64.b64encode(self.sealed_keys).decode(),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedAnswer:
    """What the reader has after checking everything: manifest and keys."""

    release: Release
    manifest: Manifest
    keys: Mapping[SegmentId, Secret]


def open_answer(
    data: bytes, *, opening: Opening, reader: ReaderKey, keys: PublicKeys, room: RoomId
) -> OpenedAnswer:
    """Return the keys in a signed answer that is for exactly this opening.

    Args:
        data: What the desk sent.
        opening: What was asked for.
        reader: The private half of ``opening.reader``.
        keys: The room's pinned public keys.
        room: The room that was asked.

    Raises:
        IntegrityError: It is not signed by the desk, or is for another room,
            opening, artifact or version, or names another manifest.
    """
    payload = Signed.from_bytes(data, 2 * MAX_ANSWER_BYTES).verify(PURPOSE, keys.answer)
    answer = _parse(payload)
    release = answer.release
    asked = (room, opening.permit, opening.artifact, opening.version, opening.digest)
    found = (
        release.room,
        release.permit,
        release.artifact,
        release.version,
        release.opening,
    )
    if asked != found:
        raise IntegrityError("the desk answered another question")
    manifest = _manifest(answer, keys.manifest)
    wanted = tuple(s.id for s in manifest.select(opening.segments))
    if release.segments != wanted:
        raise IntegrityError("the desk released other segments than were asked for")
    secret = reader.open(answer.sealed_keys, release.info(opening)).reveal()
    if len(secret) != KEY_BYTES * len(wanted):
        raise IntegrityError("the desk released another number of keys")
    opened = {
        segment: Secret(secret[i * KEY_BYTES : (i + 1) * KEY_BYTES])
        for i, segment in enumerate(wanted)
    }
    return OpenedAnswer(release=release, manifest=manifest, keys=opened)


def _manifest(answer: Answer, key: VerifyKey) -> Manifest:
    release = answer.release
    payload = Signed.from_bytes(answer.manifest, 2 * MAX_MANIFEST_BYTES).verify(
        MANIFEST_PURPOSE, key
    )
    manifest = parse_manifest(payload)
    if manifest_digest(payload) != release.manifest or (
        manifest.room,
        manifest.artifact,
        manifest.version,
        manifest.generation,
    ) != (release.room, release.artifact, release.version, release.generation):
        raise IntegrityError("the desk's manifest is of another version")
    return manifest


def _parse(payload: bytes) -> Answer:
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
    )
