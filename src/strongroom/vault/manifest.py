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
from typing import Literal, cast

from strongroom import canonical
from strongroom.crypto.container import ObjectFacts
from strongroom.crypto.keys import SegmentContext
from strongroom.database.times import format_time, parse_time
from strongroom.errors import InputError, IntegrityError, MissingError
from strongroom.types import (
    AccountId,
    ArtifactId,
    Classification,
    ProjectId,
    RoomId,
    SegmentId,
)

PURPOSE = "manifest"
"""What the desk's signature over a manifest is for."""

MAX_MANIFEST_BYTES = 16 << 20
FORMS = (1, 2, 3)
"""The second one names the custodian of every share, the third generations too."""

Part = Literal["architecture", "biases", "weights"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestSegment:
    """One segment of a version and the object that holds it.

    Attributes:
        id: Random; part of the segment's key.
        name: Such as ``blocks.0-3``; what people ask for.
        part: What is in it.
        domain: The custody domain that holds its object, and the first share.
        footprint: Hexadecimal digest of its plaintext extents.
        facts: What the object must be.
        custodians: The custody domain of each share; ``domain`` alone unless given.
    """

    id: SegmentId
    name: str
    part: Part
    domain: str
    footprint: str
    facts: ObjectFacts
    custodians: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Name the custodian of the one share where there is one.

        Raises:
            InputError: Shares and custodians do not fit each other.
        """
        custodians = self.custodians or (self.domain,)
        object.__setattr__(self, "custodians", custodians)
        if (
            len(custodians) != self.facts.context.shares
            or len(set(custodians)) != len(custodians)
            or custodians[0] != self.domain
        ):
            raise InputError(f"{self.name} does not have a custodian for each share")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One version in one generation.

    Attributes:
        parent: ``artifact/version`` that it descends from, or ``None``.
        roots: Artifacts without a parent that it descends from; itself if none.
        plain_bytes: Of all files together.
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

    def __post_init__(self) -> None:
        """Check that segments can be told apart.

        Raises:
            InputError: There are none, or two share a name or an id.
        """
        for key in ("id", "name"):
            values = {getattr(segment, key) for segment in self.segments}
            if not values or len(values) != len(self.segments):
                raise InputError(f"segments of a manifest share an {key}, or are none")

        for segment in self.segments:
            if not 1 <= segment.facts.context.generation <= self.generation:
                raise InputError(f"{segment.name} is of a later generation, or of none")

    def payload(self) -> bytes:
        """Return the canonical JSON that the desk signs."""
        return canonical.to_json(
            {
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
                "segments": [_segment_document(s, self._form) for s in self.segments],
            }
        )

    @property
    def _form(self) -> int:
        """1 as long as one custodian is enough for each segment, else 2.

        3 where a segment is of an earlier generation than the rest.
        """
        if any(s.facts.context.generation != self.generation for s in self.segments):
            return 3
        return 2 if any(len(s.custodians) > 1 for s in self.segments) else 1

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
    artifact = ArtifactId(_text(document["artifact"]))
    version, generation = _number(document["version"]), _number(document["generation"])
    segments = cast("list[Mapping[str, object]]", document["segments"])
    manifest = Manifest(
        room=RoomId(_text(document["room"])),
        artifact=artifact,
        version=version,
        generation=generation,
        classification=Classification(_text(document["classification"])),
        project=ProjectId(_text(document["project"])),
        parent=None if document["parent"] is None else _text(document["parent"]),
        roots=tuple(
            ArtifactId(_text(r)) for r in cast("list[object]", document["roots"])
        ),
        sealed_by=AccountId(_text(document["sealed_by"])),
        sealed_at=parse_time(_text(document["sealed_at"])),
        plain_bytes=_number(document["plain_bytes"]),
        segments=tuple(_segment(s, artifact, version, generation) for s in segments),
    )
    if manifest.payload() != canonical.to_json(cast("canonical.Json", document)):
        raise IntegrityError("a manifest has fields that nobody knows")
    return manifest


def _segment_document(segment: ManifestSegment, form: int) -> canonical.Json:
    facts = segment.facts
    more: dict[str, canonical.Json] = {}
    if form > 1:
        more["custodians"] = list(segment.custodians)
    if form > 2:  # noqa: PLR2004  see ``FORMS``
        more["generation"] = facts.context.generation
    return {
        **more,
        "id": segment.id,
        "name": segment.name,
        "part": segment.part,
        "domain": segment.domain,
        "footprint": segment.footprint,
        "object": facts.object_name,
        "suite": facts.context.suite,
        "record_bytes": facts.context.record_bytes,
        "shares": facts.context.shares,
        "salt": facts.salt.hex(),
        "commitment": facts.commitment.hex(),
        "records": facts.records,
        "length": facts.length,
        "plain_bytes": facts.plain_bytes,
        "sha256": facts.sha256.hex(),
    }


def _segment(
    document: Mapping[str, object], artifact: ArtifactId, version: int, generation: int
) -> ManifestSegment:
    segment = SegmentId(_text(document["id"]))
    part = _text(document["part"])
    if part not in ("architecture", "biases", "weights"):
        raise IntegrityError(f"a manifest has a part {part[:40]!r}")
    return ManifestSegment(
        id=segment,
        name=_text(document["name"]),
        part=cast("Part", part),
        domain=_text(document["domain"]),
        custodians=tuple(
            _text(name) for name in cast("list[object]", document.get("custodians", ()))
        ),
        footprint=_text(document["footprint"]),
        facts=ObjectFacts(
            object_name=_text(document["object"]),
            context=SegmentContext(
                suite=_number(document["suite"]),
                artifact=artifact,
                version=version,
                generation=_number(document.get("generation", generation)),
                segment=segment,
                record_bytes=_number(document["record_bytes"]),
                shares=_number(document["shares"]),
            ),
            salt=bytes.fromhex(_text(document["salt"])),
            commitment=bytes.fromhex(_text(document["commitment"])),
            records=_number(document["records"]),
            length=_number(document["length"]),
            plain_bytes=_number(document["plain_bytes"]),
            sha256=bytes.fromhex(_text(document["sha256"])),
        ),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("a number was expected")
    return value
