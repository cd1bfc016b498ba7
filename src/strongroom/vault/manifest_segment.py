"""One segment in a manifest: which, who holds its keys, and what its object must be.

Source: ``docs/specification/manifest.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from strongroom import canonical
from strongroom.crypto.container import ObjectFacts
from strongroom.crypto.keys import SegmentContext
from strongroom.errors import InputError, IntegrityError
from strongroom.types import ArtifactId, SegmentId

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


def segment_document(segment: ManifestSegment, form: int) -> canonical.Json:
    """Return what a manifest of this form says of a segment."""
    facts = segment.facts
    more: dict[str, canonical.Json] = {}
    if form > 1:
        more["custodians"] = list(segment.custodians)
    if form > 2:  # noqa: PLR2004  see ``manifest.FORMS``
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


def parse_segment(
    document: Mapping[str, object], artifact: ArtifactId, version: int, generation: int
) -> ManifestSegment:
    """Return the segment that a part of a manifest states.

    Raises:
        KeyError: Something is missing.
        TypeError: Something is of another kind.
        ValueError: Something cannot be read.
        InputError: It cannot be.
        IntegrityError: It is of a part that nobody knows.
    """
    segment = SegmentId(text_of(document["id"]))
    part = text_of(document["part"])
    if part not in ("architecture", "biases", "weights"):
        raise IntegrityError(f"a manifest has a part {part[:40]!r}")
    return ManifestSegment(
        id=segment,
        name=text_of(document["name"]),
        part=cast("Part", part),
        domain=text_of(document["domain"]),
        custodians=tuple(
            text_of(name)
            for name in cast("list[object]", document.get("custodians", ()))
        ),
        footprint=text_of(document["footprint"]),
        facts=ObjectFacts(
            object_name=text_of(document["object"]),
            context=SegmentContext(
                suite=number_of(document["suite"]),
                artifact=artifact,
                version=version,
                generation=number_of(document.get("generation", generation)),
                segment=segment,
                record_bytes=number_of(document["record_bytes"]),
                shares=number_of(document["shares"]),
            ),
            salt=bytes.fromhex(text_of(document["salt"])),
            commitment=bytes.fromhex(text_of(document["commitment"])),
            records=number_of(document["records"]),
            length=number_of(document["length"]),
            plain_bytes=number_of(document["plain_bytes"]),
            sha256=bytes.fromhex(text_of(document["sha256"])),
        ),
    )


def text_of(value: object) -> str:
    """Return a text.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value


def number_of(value: object) -> int:
    """Return a number.

    Raises:
        TypeError: It is something else.
    """
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("a number was expected")
    return value
