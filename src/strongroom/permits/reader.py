"""What a reader does with the desk's answer: check everything, then have the keys.

Source: ``docs/specification/release.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from strongroom.crypto.hpke import ReaderKey
from strongroom.crypto.keys import derive_key, verify_commitment
from strongroom.crypto.parts import open_part
from strongroom.crypto.roomkeys import PublicKeys
from strongroom.crypto.signing import Signed, VerifyKey
from strongroom.errors import IntegrityError
from strongroom.permits.answer import (
    KEY_BYTES,
    MAX_ANSWER_BYTES,
    PURPOSE,
    Answer,
    Release,
    parse_answer,
)
from strongroom.permits.opening import Opening
from strongroom.types import RoomId, Secret, SegmentId
from strongroom.vault.manifest import (
    MAX_MANIFEST_BYTES,
    Manifest,
    manifest_digest,
    open_manifest,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedAnswer:
    """What the reader has after checking everything: manifest and keys."""

    release: Release
    manifest: Manifest
    keys: Mapping[SegmentId, Secret]


def open_answer(
    data: bytes,
    *,
    opening: Opening,
    reader: ReaderKey,
    keys: PublicKeys,
    room: RoomId,
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
    answer = parse_answer(payload)
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
    info = release.info(opening)
    combined = _combined(answer, manifest, reader, info)
    whole = tuple(segment for segment in wanted if segment not in combined)
    opened = _whole_keys(answer, whole, reader, info) | combined
    return OpenedAnswer(
        release=release,
        manifest=manifest,
        keys={segment: opened[segment] for segment in wanted},
    )


def _whole_keys(
    answer: Answer, segments: tuple[SegmentId, ...], reader: ReaderKey, info: bytes
) -> dict[SegmentId, Secret]:
    """Return K of the segments that have no parts."""
    if not segments and not answer.sealed_keys:
        return {}
    secret = reader.open(answer.sealed_keys, info).reveal()
    if len(secret) != KEY_BYTES * len(segments):
        raise IntegrityError("the desk released another number of keys")
    return {
        segment: Secret(secret[i * KEY_BYTES : (i + 1) * KEY_BYTES])
        for i, segment in enumerate(segments)
    }


def _combined(
    answer: Answer, manifest: Manifest, reader: ReaderKey, info: bytes
) -> dict[SegmentId, Secret]:
    """Return K of the segments whose custodians sealed their parts to the reader."""
    parts = {(part.segment, part.share): part.sealed for part in answer.parts}
    expected = []
    combined = {}
    for segment in manifest.segments:
        if segment.id not in answer.release.segments:
            continue
        facts = segment.facts
        numbers = range(facts.context.shares)
        if len(numbers) == 1 and (segment.id, 0) not in parts:
            continue
        expected += [(segment.id, number) for number in numbers]
        if not all((segment.id, number) in parts for number in numbers):
            raise IntegrityError(f"a part of the key of {segment.name} is missing")
        opened = [
            open_part(
                parts[segment.id, number],
                reader,
                info=info,
                entry=bytes.fromhex(answer.release.entry),
                context=facts.context,
                share=number,
            )
            for number in numbers
        ]
        key = derive_key(opened, facts.salt, facts.context)
        verify_commitment(key, facts.commitment, facts.salt, facts.context)
        combined[segment.id] = key
    if [(part.segment, part.share) for part in answer.parts] != expected:
        raise IntegrityError("the desk carries parts that were not asked for")
    return combined


def _manifest(answer: Answer, key: VerifyKey) -> Manifest:
    release = answer.release
    signed = Signed.from_bytes(answer.manifest, 2 * MAX_MANIFEST_BYTES)
    manifest = open_manifest(signed, key)
    if manifest_digest(signed.payload) != release.manifest or (
        manifest.room,
        manifest.artifact,
        manifest.version,
        manifest.generation,
    ) != (release.room, release.artifact, release.version, release.generation):
        raise IntegrityError("the desk's manifest is of another version")
    return manifest
