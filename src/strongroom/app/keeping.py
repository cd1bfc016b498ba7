"""Wires what is done about the keys of a room, and about its people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from strongroom.access.access_reviews import AccessReviews
from strongroom.access.approvals import Approvals
from strongroom.access.erasure import Erasures
from strongroom.access.gate import Gate
from strongroom.access.glass_reviews import GlassReviews
from strongroom.access.keyring import Keyring
from strongroom.access.logins import Sessions
from strongroom.access.proving import Proving
from strongroom.access.telling import Tell
from strongroom.access.training_records import TrainingRecords
from strongroom.app.growing import wire_profiles
from strongroom.client.room_parts import Persons, Upkeep
from strongroom.crypto.roomkeys import RoomKeys
from strongroom.ledger.anchors import Anchors
from strongroom.permits.headcount import protected
from strongroom.permits.permit import revoke_permit
from strongroom.settings import Settings
from strongroom.types import Random
from strongroom.vault.recovery import Recovery
from strongroom.vault.recovery_wrapping import RecoveryWrapping
from strongroom.vault.rekeying import Rekeying
from strongroom.vault.rewrapping import Rewrapping
from strongroom.vault.rotation import Rotation
from strongroom.vault.seals import CustodyDomain
from strongroom.vault.shredding import Shredding
from strongroom.vault.signatures import Signatures


@dataclass(frozen=True, slots=True, kw_only=True)
class Wires:
    """What nearly every part of a room is made with."""

    settings: Settings
    gate: Gate
    approvals: Approvals
    anchors: Anchors
    domains: Mapping[str, CustodyDomain]
    keys: RoomKeys
    random: Random


def wire_persons(wires: Wires, sessions: Sessions, *, tell: Tell) -> Persons:
    """Return what people prove, learn, answer for, and are forgotten by.

    Args:
        wires: Of the room.
        sessions: Of those who are logged in.
        tell: Brings people word.
    """
    gate, approvals, random = wires.gate, wires.approvals, wires.random
    return Persons(
        keyring=Keyring(gate, random=random),
        proving=Proving(gate, sessions, random=random),
        profiles=wire_profiles(gate, approvals, wires.settings, random),
        erasures=Erasures(gate, approvals),
        glass_reviews=GlassReviews(gate, revoke=revoke_permit),
        training=TrainingRecords(gate),
        access_reviews=AccessReviews(gate, models=protected, tell=tell, random=random),
    )


def wire_upkeep(wires: Wires) -> Upkeep:
    """Return what is done about keys of the room, and what they wrap."""
    gate, approvals, anchors = wires.gate, wires.approvals, wires.anchors
    room, domains, keys = wires.settings.room, wires.domains, wires.keys
    public, random = keys.manifest.public, wires.random
    return Upkeep(
        recovery=Recovery(gate, approvals, domains=domains, manifest_key=public),
        recovery_wrapping=RecoveryWrapping(
            gate, anchors, room=room, domains=domains, manifest_key=public
        ),
        rotation=Rotation(gate, approvals, domains=domains),
        rewrapping=Rewrapping(gate, anchors, room=room),
        rekeying=Rekeying(
            gate, anchors, room=room, domains=domains, keys=keys, random=random
        ),
        shredding=Shredding(gate, approvals, manifest_key=public),
        signatures=Signatures(
            gate, approvals, room=room, domains=domains, keys=keys, random=random
        ),
    )
