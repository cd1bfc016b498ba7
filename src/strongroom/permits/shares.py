"""Keys out of what the custodians hold, after they saw the entry, to one reader.

Where one custodian in this process is enough, the desk derives K and seals it.
Where several have to act together, or one runs elsewhere, each seals its own part
to the reader, and the desk only carries them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from strongroom.crypto import hpke, keys, wraps
from strongroom.crypto.custody.port import Anchor, KeyCustodian
from strongroom.crypto.parts import Evidence, PartOrder
from strongroom.errors import IntegrityError
from strongroom.ledger.anchors import Anchors
from strongroom.ledger.evidence import evidence_of
from strongroom.ledger.log import Entry, Ledger
from strongroom.permits.answer import KeyPart
from strongroom.permits.opening import Opening
from strongroom.types import RoomId, Secret, SegmentId
from strongroom.vault.manifest_segment import ManifestSegment
from strongroom.vault.seals import CustodyDomain, domain_named

Wraps = Mapping[tuple[int, str], bytes]
"""The wrapped shares of one segment, by number and id of the root key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOut:
    """What leaves for a reader, sealed.

    Attributes:
        sealed_keys: K of the segments that have no parts, joined; empty if none.
        parts: The parts of the others.
    """

    sealed_keys: bytes
    parts: tuple[KeyPart, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A release that stands in the ledger.

    Attributes:
        entry: Its entry.
        covering: A checkpoint that covers the entry.
        opening: What the reader asked for.
        info: What everything that leaves is bound to, 32 bytes.
        shown: Evidence that was made before, by size of the ledger.
    """

    entry: Entry
    covering: Anchor
    opening: Opening
    info: bytes
    shown: dict[int, Evidence] = field(default_factory=dict)

    def evidence(self, ledger: Ledger, anchor: Anchor) -> Evidence:
        """Return what shows the entry under a checkpoint; made once for each."""
        if anchor.size not in self.shown:
            self.shown[anchor.size] = evidence_of(
                ledger, self.entry, anchor, opening=self.opening.to_bytes()
            )
        return self.shown[anchor.size]


class Shares:
    """Turns shares into what a reader gets."""

    def __init__(
        self,
        anchors: Anchors,
        *,
        ledger: Ledger,
        room: RoomId,
        domains: Mapping[str, CustodyDomain],
    ) -> None:
        """Remember where shares are held; none is read yet."""
        self._anchors = anchors
        self._ledger = ledger
        self._room = room
        self._domains = domains

    def hand_out(
        self,
        segments: Iterable[ManifestSegment],
        wrapped: Mapping[SegmentId, Wraps],
        recorded: Recorded,
    ) -> HandedOut:
        """Return the keys sealed, after every custodian stored the checkpoint.

        Args:
            segments: Whose keys.
            wrapped: Their wrapped shares.
            recorded: The release, as the ledger has it.

        Raises:
            DeniedError: A custodian elsewhere does not find the reader in the entry.
            IntegrityError: A wrap is gone, was altered or moved, or yields
                another key.
            ForkError: A custodian saw another history.
            UnavailableError: A custodian is locked, or does not answer.
            SetupError: The room has no such custody domain any more.
        """
        derived: list[bytes] = []
        parts: list[KeyPart] = []
        for segment in segments:
            custodians = [
                domain_named(self._domains, name).custodian
                for name in segment.custodians
            ]
            if len(custodians) == 1 and custodians[0].gives_shares:
                key = self._key(segment, custodians[0], wrapped[segment.id], recorded)
                derived.append(key.reveal())
                continue
            for number, custodian in enumerate(custodians):
                parts.append(
                    self._part(
                        segment, number, custodian, wrapped[segment.id], recorded
                    )
                )
        joined = Secret(b"".join(derived))
        sealed = hpke.seal_to(recorded.opening.reader, joined, recorded.info)
        return HandedOut(sealed_keys=sealed if derived else b"", parts=tuple(parts))

    def _key(
        self,
        segment: ManifestSegment,
        custodian: KeyCustodian,
        wrapped: Wraps,
        recorded: Recorded,
    ) -> Secret:
        """Return K of a segment with one share that its custodian gives us."""
        facts = segment.facts
        root_key_id = custodian.root_key_id
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
            custodian,
            _wrapped_at(segment, 0, custodian, wrapped),
            context,
            covering=recorded.covering,
        )
        part = keys.derive_share_key(share, 0, facts.salt, facts.context)
        key = keys.derive_key([part], facts.salt, facts.context)
        keys.verify_commitment(key, facts.commitment, facts.salt, facts.context)
        return key

    def _part(
        self,
        segment: ManifestSegment,
        number: int,
        custodian: KeyCustodian,
        wrapped: Wraps,
        recorded: Recorded,
    ) -> KeyPart:
        """Return one part, sealed to the reader by its custodian."""
        order = PartOrder(
            room=self._room,
            context=segment.facts.context,
            share=number,
            salt=segment.facts.salt,
            wrapped=_wrapped_at(segment, number, custodian, wrapped),
            reader=recorded.opening.reader,
            info=recorded.info,
            entry=recorded.entry.leaf,
        )
        sealed = self._anchors.release(
            custodian,
            order,
            lambda anchor: recorded.evidence(self._ledger, anchor),
            covering=recorded.covering,
        )
        return KeyPart(segment=segment.id, share=number, sealed=sealed)


def _wrapped_at(
    segment: ManifestSegment, number: int, custodian: KeyCustodian, wrapped: Wraps
) -> bytes:
    try:
        return wrapped[number, custodian.root_key_id]
    except KeyError:
        raise IntegrityError(
            f"the key of {segment.name} is not wrapped by {segment.custodians[number]}",
            hint="open the room again, its root key may be another one by now;"
            " else strongroom ledger verify",
        ) from None
