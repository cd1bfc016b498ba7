"""Segment keys out of what the custodians hold, after they saw the entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from strongroom.crypto import keys, wraps
from strongroom.crypto.custody.port import Anchor
from strongroom.errors import IntegrityError
from strongroom.ledger.anchors import Anchors
from strongroom.types import RoomId, Secret, SegmentId
from strongroom.vault.manifest import ManifestSegment
from strongroom.vault.seals import CustodyDomain, domain_named


class Shares:
    """Unwraps shares at their custodians and derives the keys from them."""

    def __init__(
        self, anchors: Anchors, *, room: RoomId, domains: Mapping[str, CustodyDomain]
    ) -> None:
        """Remember where shares are held; none is read yet."""
        self._anchors = anchors
        self._room = room
        self._domains = domains

    def keys(
        self,
        segments: Iterable[ManifestSegment],
        wrapped: Mapping[SegmentId, Mapping[str, bytes]],
        *,
        covering: Anchor,
    ) -> Secret:
        """Return the keys joined, after every custodian stored the checkpoint.

        Args:
            segments: Whose keys.
            wrapped: Their wrapped shares, by the root key's id.
            covering: The checkpoint that covers the entry of this release.

        Raises:
            IntegrityError: A wrap is gone, was altered or moved, or yields
                another key.
            ForkError: A custodian saw another history.
            UnavailableError: A custodian is locked.
            SetupError: The room has no such custody domain any more.
        """
        parts = [self._key(s, wrapped[s.id], covering).reveal() for s in segments]
        return Secret(b"".join(parts))

    def _key(
        self,
        segment: ManifestSegment,
        wrapped: Mapping[str, bytes],
        covering: Anchor,
    ) -> Secret:
        facts = segment.facts
        domain = domain_named(self._domains, segment.domain)
        root_key_id = domain.custodian.root_key_id
        if root_key_id not in wrapped:
            raise IntegrityError(
                f"the key of {segment.name} is not wrapped by {domain.name}",
                hint="strongroom ledger verify; restore a backup",
            )
        context = wraps.segment_context(
            room=self._room,
            artifact=facts.context.artifact,
            version=facts.context.version,
            generation=facts.context.generation,
            segment=segment.id,
            share=0,
            root_key_id=root_key_id,
        )
        share = self._anchors.unwrap(
            domain.custodian, wrapped[root_key_id], context, covering=covering
        )
        part = keys.derive_share_key(share, 0, facts.salt, facts.context)
        key = keys.derive_key([part], facts.salt, facts.context)
        keys.verify_commitment(key, facts.commitment, facts.salt, facts.context)
        return key
