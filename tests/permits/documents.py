"""Made-up manifests, permits and answers whose every byte is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from strongroom.crypto.container import (
    RECORD_BYTES,
    START_BYTES,
    TAG_BYTES,
    ObjectFacts,
)
from strongroom.crypto.hpke import SEED_BYTES, ReaderKey, seal_to
from strongroom.crypto.keys import SUITE_AES_256_GCM, SegmentContext
from strongroom.crypto.roomkeys import NAMES, RoomKeys
from strongroom.crypto.signing import Signed
from strongroom.permits.answer import PURPOSE, Answer, Release
from strongroom.permits.opening import Opening
from strongroom.permits.permit import Permit
from strongroom.types import (
    AccountId,
    ArtifactId,
    Classification,
    PermitId,
    ProjectId,
    RequestId,
    RoomId,
    Secret,
    SegmentId,
    new_id,
)
from strongroom.vault.manifest import PURPOSE as MANIFEST_PURPOSE
from strongroom.vault.manifest import Manifest
from strongroom.vault.manifest_segment import ManifestSegment

NOW = datetime(2026, 11, 22, 10, 0, 0, 6, tzinfo=UTC)


def identifier(kind: str, number: int) -> str:
    """Return the id whose 16 bytes all have this value."""
    return new_id(kind, lambda length: bytes([number]) * length)


ROOM = RoomId(identifier("room", 1))
ARTIFACT = ArtifactId(identifier("model", 2))
ACCOUNT = AccountId(identifier("account", 3))
KEYS = RoomKeys.from_seeds(
    {name: Secret(bytes([i]) * 32) for i, name in enumerate(NAMES, start=10)}
)
READER = ReaderKey(Secret(bytes(range(SEED_BYTES))))


def segment(number: int, name: str) -> ManifestSegment:
    """Return one segment as a manifest lists it."""
    id_ = SegmentId(identifier("segment", number))
    return ManifestSegment(
        id=id_,
        name=name,
        part="architecture" if name == "architecture" else "weights",
        domain="home",
        footprint=bytes([number]).hex() * 32,
        facts=ObjectFacts(
            object_name=f"{'02' * 16}/1/{bytes([number]).hex() * 16}",
            context=SegmentContext(
                suite=SUITE_AES_256_GCM,
                artifact=ARTIFACT,
                version=1,
                generation=1,
                segment=id_,
                record_bytes=RECORD_BYTES,
                shares=1,
            ),
            salt=bytes([number + 1]) * 32,
            commitment=bytes([number + 2]) * 32,
            records=2,
            length=START_BYTES + 5120 + TAG_BYTES,
            plain_bytes=1000 + number,
            sha256=bytes([number + 3]) * 32,
        ),
    )


MANIFEST = Manifest(
    room=ROOM,
    artifact=ARTIFACT,
    version=1,
    generation=1,
    classification=Classification.RESTRICTED,
    project=ProjectId(identifier("project", 4)),
    parent=None,
    roots=(ARTIFACT,),
    sealed_by=ACCOUNT,
    sealed_at=NOW,
    plain_bytes=3000,
    segments=(segment(20, "architecture"), segment(30, "blocks.0"), segment(40, "ü")),
)

PERMIT = Permit(
    id=PermitId(identifier("permit", 5)),
    room=ROOM,
    request=RequestId(identifier("request", 6)),
    account=ACCOUNT,
    counts_as=ACCOUNT,
    artifact=ARTIFACT,
    version=1,
    roots=(ARTIFACT,),
    segments=("blocks.0", "ü"),
    segment_ids=(MANIFEST.segments[1].id, MANIFEST.segments[2].id),
    footprints=(MANIFEST.segments[1].footprint, MANIFEST.segments[2].footprint),
    at_most_bytes=2070,
    purpose_stated=True,
    requested_at=NOW - timedelta(hours=1),
    not_before=NOW - timedelta(hours=1),
    expires_at=NOW + timedelta(hours=4),
    policy="ab" * 32,
)

OPENING = Opening(
    permit=PERMIT.id,
    artifact=ARTIFACT,
    version=1,
    segments=("blocks.0", "ü"),
    reader=READER.public,
    nonce=bytes(range(32)),
)

SEGMENT_KEYS = Secret(b"\x51" * 32 + b"\x52" * 32)


def release(**changes: object) -> Release:
    """Return the release that ``OPENING`` leads to."""
    values: dict[str, object] = {
        "room": ROOM,
        "permit": PERMIT.id,
        "request": PERMIT.request,
        "account": ACCOUNT,
        "session": identifier("session", 7),
        "artifact": ARTIFACT,
        "version": 1,
        "generation": 1,
        "manifest": MANIFEST.digest,
        "segments": PERMIT.segment_ids,
        "opening": OPENING.digest,
        "expires_at": PERMIT.expires_at,
        "entry": "cd" * 32,
        **changes,
    }
    return Release(**values)  # type: ignore[arg-type]  # a test bends any field


def signed_manifest(manifest: Manifest = MANIFEST) -> bytes:
    """Return a manifest as the database keeps it."""
    return KEYS.manifest.sign(MANIFEST_PURPOSE, manifest.payload()).to_bytes()


def signed_answer(
    found: Release,
    *,
    info_of: Release | None = None,
    manifest: bytes | None = None,
    secret: Secret = SEGMENT_KEYS,
) -> Signed:
    """Return an answer that the desk's key signed, honest unless bent."""
    info = (info_of or found).info(OPENING)
    answer = Answer(
        release=found,
        manifest=manifest or signed_manifest(),
        sealed_keys=seal_to(READER.public, secret, info),
    )
    return KEYS.answer.sign(PURPOSE, answer.payload())
