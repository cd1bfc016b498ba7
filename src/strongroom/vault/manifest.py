"""The signed list of the sealed objects that make up one version.

Whoever opens a version first verifies its manifest with the desk's pinned key,
then each object against what the manifest says of it.

Source: ``docs/specification/manifest.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import cast

from strongroom import canonical
from strongroom.crypto.mldsa import ML_DSA_65
from strongroom.crypto.signing import ED25519, Signed, SigningKey, VerifyKey
from strongroom.database.times import format_time, parse_time
from strongroom.errors import InputError, IntegrityError, MissingError
from strongroom.types import (
    AccountId,
    ArtifactId,
    Classification,
    ProjectId,
    RoomId,
)
from strongroom.vault.manifest_segment import (
    ManifestSegment,
    number_of,
    parse_segment,
    segment_document,
    text_of,
)

PURPOSE = "manifest"
"""What the desk's signature over a manifest is for."""

MAX_MANIFEST_BYTES = 16 << 20
FORMS = (1, 2, 3, 4)
"""The second one names the custodian of every share, the third generations too, and
the fourth the signatures that the manifest carries."""

BOTH = (ED25519, ML_DSA_65)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One version in one generation.

    Attributes:
        parent: ``artifact/version`` that it descends from, or ``None``.
        roots: Artifacts without a parent that it descends from; itself if none.
        plain_bytes: Of all files together.
        both: Whether it carries a second signature; nobody takes that away, since
            the first one covers this.
    """

    room: RoomId
    artifact: ArtifactId
    version: int
    generation: int
    classification: Classification
    project: ProjectId
    parent: str | None
    roots: tuple[ArtifactId, ...]
    sealed_by: AccountId
    sealed_at: datetime
    plain_bytes: int
    segments: tuple[ManifestSegment, ...]
    both: bool = False

    def __post_init__(self) -> None:
        """Check that segments can be told apart, and that numbers are counted from 1.

        Raises:
            InputError: There are none, two share a name or an id, or a version or a
                generation cannot be.
        """
        if self.version < 1:
            raise InputError(f"there is no version {self.version}")
        for key in ("id", "name"):
            values = {getattr(segment, key) for segment in self.segments}
            if not values or len(values) != len(self.segments):
                raise InputError(f"segments of a manifest share an {key}, or are none")

        for segment in self.segments:
            if not 1 <= segment.facts.context.generation <= self.generation:
                raise InputError(f"{segment.name} is of a later generation, or of none")

    def payload(self) -> bytes:
        """Return the canonical JSON that the desk signs."""
        more: dict[str, canonical.Json] = (
            {"signatures": list(BOTH)} if self.both else {}
        )
        return canonical.to_json(
            {
                **more,
                "v": self._form,
                "room": self.room,
                "artifact": self.artifact,
                "version": self.version,
                "generation": self.generation,
                "classification": self.classification,
                "project": self.project,
                "parent": self.parent,
                "roots": list(self.roots),
                "sealed_by": self.sealed_by,
                "sealed_at": format_time(self.sealed_at),
                "plain_bytes": self.plain_bytes,
                "segments": [segment_document(s, self._form) for s in self.segments],
            }
        )

    @property
    def _form(self) -> int:
        """1 as long as one custodian is enough for each segment, else 2.

        3 where a segment is of an earlier generation than the rest, and 4 where
        there are two signatures.
        """
        if self.both:
            return 4
        if any(s.facts.context.generation != self.generation for s in self.segments):
            return 3
        return 2 if any(len(s.custodians) > 1 for s in self.segments) else 1

    def sign(
        self, key: SigningKey, purpose: str = PURPOSE, *, second: str | None = None
    ) -> Signed:
        """Return it with the signatures that it says it carries.

        Args:
            key: Of the room.
            purpose: What the signatures are for.
            second: Digest of the second key; the newest unless given.

        Raises:
            ConflictError: It carries two, and ``key`` does not make that one.
        """
        return key.sign(purpose, self.payload(), both=self.both, second=second)

    @property
    def digest(self) -> str:
        """The hexadecimal digest by which everything else names this manifest."""
        return manifest_digest(self.payload())

    def select(self, names: tuple[str, ...]) -> tuple[ManifestSegment, ...]:
        """Return the segments of these names or ids, in the manifest's order.

        Raises:
            MissingError: One of them does not exist; the hint says which do.
        """
        known = {key for s in self.segments for key in (s.name, s.id)}
        unknown = [name for name in names if name not in known]
        if unknown:
            raise MissingError(
                f"there is no segment {unknown[0][:80]!r}",
                hint="segments: " + ", ".join(s.name for s in self.segments)[:1000],
            )
        wanted = set(names)
        return tuple(s for s in self.segments if s.name in wanted or s.id in wanted)


def manifest_digest(payload: bytes) -> str:
    """Return the hexadecimal digest of a manifest's payload."""
    return canonical.digest("strongroom/v1/manifest", payload).hex()


def open_manifest(signed: Signed, key: VerifyKey, purpose: str = PURPOSE) -> Manifest:
    """Return the manifest in an envelope that carries every signature it names.

    Args:
        signed: As it was read.
        key: The room's manifest key.
        purpose: What the signatures are for.

    Raises:
        IntegrityError: A signature is missing or wrong, or it is no manifest.
    """
    manifest = parse_manifest(signed.verify(purpose, key))
    if manifest.both:
        signed.verify(purpose, key, both=True)
    return manifest


@lru_cache(maxsize=32)  # pure, immutable, and 5 ms for 15 segments
def parse_manifest(payload: bytes) -> Manifest:
    """Return the manifest that ``payload`` states; its signature is checked before.

    Raises:
        IntegrityError: It is not canonical, or has another shape.
    """
    document = canonical.from_json(payload, at_most_bytes=MAX_MANIFEST_BYTES)
    try:
        return _from_document(cast("Mapping[str, object]", document))
    except (KeyError, TypeError, ValueError, InputError) as error:
        raise IntegrityError(f"a manifest is not understood: {error}") from None


def _from_document(document: Mapping[str, object]) -> Manifest:
    if document["v"] not in FORMS:
        raise IntegrityError("a manifest is of a newer form")
    artifact = ArtifactId(text_of(document["artifact"]))
    version, generation = (
        number_of(document["version"]),
        number_of(document["generation"]),
    )
    segments = cast("list[Mapping[str, object]]", document["segments"])
    manifest = Manifest(
        room=RoomId(text_of(document["room"])),
        artifact=artifact,
        version=version,
        generation=generation,
        classification=Classification(text_of(document["classification"])),
        project=ProjectId(text_of(document["project"])),
        parent=None if document["parent"] is None else text_of(document["parent"]),
        roots=tuple(
            ArtifactId(text_of(r)) for r in cast("list[object]", document["roots"])
        ),
        sealed_by=AccountId(text_of(document["sealed_by"])),
        sealed_at=parse_time(text_of(document["sealed_at"])),
        plain_bytes=number_of(document["plain_bytes"]),
        segments=tuple(
            parse_segment(s, artifact, version, generation) for s in segments
        ),
        both="signatures" in document,
    )
    if manifest.payload() != canonical.to_json(cast("canonical.Json", document)):
        raise IntegrityError("a manifest has fields that nobody knows")
    return manifest
