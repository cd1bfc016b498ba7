"""Segments of one version that somebody wants, and what policy reads of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from strongroom.access.exposure import Held
from strongroom.access.footprints import Footprint
from strongroom.access.gate import Gate
from strongroom.access.quorum import Approved, Pending
from strongroom.access.request import Request
from strongroom.access.scales import Scale
from strongroom.access.terms import Terms
from strongroom.crypto.signing import VerifyKey
from strongroom.database.engine import Transaction
from strongroom.ledger.log import Reading, Writing
from strongroom.permits.holdings import Exposure, load_footprints
from strongroom.vault.lineages import Lineage, first_version
from strongroom.vault.manifest import Manifest
from strongroom.vault.manifest_segment import ManifestSegment
from strongroom.vault.versions import (
    Artifact,
    Version,
    load_manifest,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Segments of one version and what holding them means.

    Attributes:
        capped_bytes: What caps are a share of: the version's bytes, or those that
            the version with which its lineage began has on the same scale, if
            they are fewer; else a version padded with bytes of no use would hand
            out the rest.
        taken: Footprints of the segments, by digest.
        scale: Of the version.
    """

    artifact: Artifact
    version: Version
    manifest: Manifest
    segments: tuple[ManifestSegment, ...]
    capped_bytes: int
    taken: Mapping[str, Footprint]
    scale: Scale

    @property
    def plain_bytes(self) -> int:
        """Bytes of plaintext in the segments."""
        return sum(footprint.bytes for footprint in self.taken.values())


def select_from(
    transaction: Transaction,
    artifact: Artifact,
    version: Version,
    names: tuple[str, ...],
    key: VerifyKey,
) -> Selection:
    """Return these segments of a version, with their footprints; all if none."""
    manifest, _ = load_manifest(transaction, version, key)
    segments = manifest.select(names) if names else manifest.segments
    everything = load_footprints(transaction, {s.footprint for s in manifest.segments})
    scale = Scale.of(everything.values())
    beginnings = [
        _bytes_of(transaction, first, key, scale)
        for first in (first_version(transaction, root) for root in artifact.roots)
        if first.id != version.id
    ]
    return Selection(
        artifact=artifact,
        version=version,
        manifest=manifest,
        segments=segments,
        capped_bytes=min([manifest.plain_bytes, *beginnings]),
        taken={s.footprint: everything[s.footprint] for s in segments},
        scale=scale,
    )


def _bytes_of(
    transaction: Transaction, version: Version, key: VerifyKey, scale: Scale
) -> int:
    """Return the bytes that all of a version has on another one's scale."""
    manifest, _ = load_manifest(transaction, version, key)
    footprints = load_footprints(transaction, {s.footprint for s in manifest.segments})
    return Held.of(footprints.values()).bytes_in(scale)


def wanted_facts(
    terms: Terms,
    lineages: tuple[Lineage, ...],
    exposure: Exposure,
    chosen: Selection,
    *,
    purpose: bool,
) -> dict[str, object]:
    """Return what policy reads about anybody who wants weights."""
    total = chosen.capped_bytes
    facts = terms.release_facts(total)
    for name, percents in (
        ("personCapBytes", [x.person_cap_percent for x in lineages]),
        ("pairCapBytes", [x.pair_cap_percent for x in lineages]),
    ):
        stated = [percent for percent in percents if percent is not None]
        if stated:
            facts[name] = total * min(stated) // 100
    return {
        **facts,
        "purposeStated": purpose,
        "personBytesAfter": exposure.after,
        "pairBytesAfter": exposure.pair_after,
        "whole": exposure.whole,
        "sealer": exposure.sealer,
    }


def approval_facts(
    gate: Gate, transaction: Writing | Reading, request: Request
) -> dict[str, object]:
    """Return how many verified approvals of a request count now."""
    found = gate.tally(transaction, request)
    if isinstance(found, Approved | Pending):
        return {"approvals": len(found.by), "approverTeams": found.teams}
    return {"approvals": 0, "approverTeams": 0}
