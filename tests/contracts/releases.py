"""A release in a small ledger: a share, its order, and the evidence of its entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from strongroom import canonical
from strongroom.crypto.container import RECORD_BYTES
from strongroom.crypto.custody.port import Anchor, KeyCustodian, VerifyExtension
from strongroom.crypto.hpke import SEED_BYTES, ReaderKey
from strongroom.crypto.keys import SUITE_AES_256_GCM, SegmentContext
from strongroom.crypto.parts import Evidence, PartOrder
from strongroom.crypto.wraps import room_key_context, segment_context
from strongroom.ledger.tree import consistency_proof, inclusion_proof, leaf_hash
from strongroom.permits.opening import Opening
from strongroom.types import ArtifactId, PermitId, RoomId, Secret, SegmentId, new_id
from tests.contracts.histories import anchor_over, nodes_over

SHARE = Secret(bytes(range(32)))
SALT = bytes(range(32, 64))
INFO = bytes(range(64, 96))
READER = ReaderKey(Secret(bytes(range(SEED_BYTES))))


def identifier(kind: str, number: int) -> str:
    """Return the id whose 16 bytes all have this value."""
    return new_id(kind, lambda length: bytes([number]) * length)


ROOM = RoomId(identifier("room", 1))
CONTEXT = SegmentContext(
    suite=SUITE_AES_256_GCM,
    artifact=ArtifactId(identifier("artifact", 2)),
    version=1,
    generation=1,
    segment=SegmentId(identifier("segment", 3)),
    record_bytes=RECORD_BYTES,
    shares=2,
)
OPENING = Opening(
    permit=PermitId(identifier("permit", 4)),
    artifact=CONTEXT.artifact,
    version=1,
    segments=("blocks.0",),
    reader=READER.public,
    nonce=bytes(32),
)
FACTS: dict[str, canonical.Json] = {
    "permit": OPENING.permit,
    "artifact": CONTEXT.artifact,
    "version": 1,
    "generation": 1,
    "segments": [CONTEXT.segment],
    "reader": OPENING.digest,
}


def room_key_place(custodian: KeyCustodian) -> bytes:
    """Return a place whose secret every custodian gives its desk."""
    return room_key_context(room=ROOM, name="guard", root_key_id=custodian.root_key_id)


def entry_of(
    changes: Mapping[str, canonical.Json] | None = None, *, kind: str = "key.released"
) -> bytes:
    """Return an entry that says who gets what, with some facts changed."""
    facts = {**FACTS, **(changes or {})}
    return canonical.to_json({"v": 1, "kind": kind, "facts": facts})


@dataclass(frozen=True, kw_only=True)
class Case:
    """One release, as a desk would ask a custodian for it."""

    order: PartOrder
    evidence: Evidence
    entries: tuple[bytes, ...]

    @property
    def anchor(self) -> Anchor:
        """The checkpoint over all entries."""
        return anchor_over(self.entries)

    def verify_extension(self) -> VerifyExtension:
        """Return what gives proofs in the case's ledger."""

        def prove(older: Anchor, newer: Anchor) -> Sequence[bytes]:
            nodes = nodes_over(self.entries[: newer.size])
            return consistency_proof(nodes, older=older.size, newer=newer.size)

        return prove

    def ask(self, custodian: KeyCustodian) -> bytes:
        """Return the part that the custodian seals."""
        return custodian.release(
            self.order,
            self.evidence,
            anchor=self.anchor,
            verify_extension=self.verify_extension(),
        )


def case(custodian: KeyCustodian, entry: bytes | None = None) -> Case:
    """Return a release of a share that is wrapped at the custodian."""
    entry = entry_of() if entry is None else entry
    entries = (b"one", b"two", entry, b"four", b"five")
    order = PartOrder(
        room=ROOM,
        context=CONTEXT,
        share=1,
        salt=SALT,
        wrapped=b"",
        reader=READER.public,
        info=INFO,
        entry=leaf_hash(entry),
    )
    place = segment_context(
        room=ROOM,
        artifact=CONTEXT.artifact,
        version=1,
        generation=1,
        segment=CONTEXT.segment,
        share=1,
        root_key_id=custodian.root_key_id,
    )
    siblings = inclusion_proof(nodes_over(entries), index=2, size=len(entries))
    return Case(
        order=replace(order, wrapped=custodian.wrap(SHARE, place)),
        evidence=Evidence(
            entry=entry,
            attached=None,
            position=2,
            siblings=tuple(siblings),
            opening=OPENING.to_bytes(),
        ),
        entries=entries,
    )
