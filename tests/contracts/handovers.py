"""A share that is to be handed over, and the entry that says so, in a small ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from strongroom import canonical
from strongroom.canonical import Json
from strongroom.crypto.custody.port import Anchor, KeyCustodian
from strongroom.crypto.handover import RecoveryOrder, WrappedShare
from strongroom.crypto.parts import Evidence
from strongroom.crypto.recovery import RecoveryKey
from strongroom.ledger.tree import consistency_proof, inclusion_proof
from strongroom.types import Secret
from tests.contracts.histories import anchor_over, nodes_over
from tests.contracts.releases import CONTEXT, ROOM, SHARE

RECOVERY = RecoveryKey(Secret(bytes(range(32))))
CREATED: Mapping[str, Json] = {
    "key": RECOVERY.id,
    "public": RECOVERY.public.hex(),
    "domains": ["home", "weights"],
}


def held_by(custodian: KeyCustodian) -> WrappedShare:
    """Return the share, wrapped by the custodian."""
    bare = WrappedShare(
        room=ROOM,
        artifact=CONTEXT.artifact,
        version=1,
        generation=1,
        segment=CONTEXT.segment,
        share=1,
        wrapped=b"",
    )
    wrapped = custodian.wrap(SHARE, bare.place(custodian.root_key_id))
    return replace(bare, wrapped=wrapped)


def begun(former: KeyCustodian, new: KeyCustodian) -> dict[str, Json]:
    """Return the facts of an entry that begins a rotation."""
    return {
        "domain": new.name,
        "root": former.root_key_id,
        "successor": new.root_key_id,
    }


@dataclass(frozen=True, kw_only=True)
class Told:
    """A ledger whose third entry says something, and what shows it."""

    entry: bytes
    entries: tuple[bytes, ...]

    @property
    def evidence(self) -> Evidence:
        """What shows the entry, if it is there."""
        siblings = inclusion_proof(nodes_over(self.entries), index=2, size=5)
        return Evidence(
            entry=self.entry, attached=None, position=2, siblings=tuple(siblings)
        )

    def verify_extension(self, older: Anchor, newer: Anchor) -> Sequence[bytes]:
        """Return the proof that the one grew into the other."""
        nodes = nodes_over(self.entries[: newer.size])
        return consistency_proof(nodes, older=older.size, newer=newer.size)

    def recover(self, custodian: KeyCustodian, held: WrappedShare) -> bytes:
        """Return the share wrapped to the recovery key."""
        return custodian.release(
            RecoveryOrder(held=held, public=RECOVERY.public),
            self.evidence,
            anchor=anchor_over(self.entries),
            verify_extension=self.verify_extension,
        )

    def adopt(self, custodian: KeyCustodian, held: WrappedShare) -> bytes:
        """Return the share wrapped under the root key that follows."""
        return custodian.adopt(
            held,
            self.evidence,
            anchor=anchor_over(self.entries),
            verify_extension=self.verify_extension,
        )


def told(kind: str, facts: Mapping[str, Json]) -> Told:
    """Return a ledger in which an entry of this kind says this."""
    entry = canonical.to_json({"v": 1, "kind": kind, "facts": facts})
    return Told(entry=entry, entries=(b"one", b"two", entry, b"four", b"five"))
