"""An opened room: every part wired to every other, as ``app`` built it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from strongroom.access.approvals import Approvals
from strongroom.access.erasure import Erasures
from strongroom.access.gate import Gate
from strongroom.access.people import People
from strongroom.access.sessions import Sessions
from strongroom.client.seen import Seen
from strongroom.crypto.roomkeys import PublicKeys, RoomKeys
from strongroom.ledger.anchors import Anchors
from strongroom.ledger.log import Ledger
from strongroom.ledger.witnesses import Witnesses
from strongroom.permits.desk import Desk
from strongroom.permits.requests import Requests
from strongroom.settings import Settings
from strongroom.types import Random
from strongroom.vault.catalogue import Catalogue
from strongroom.vault.recovery import Recovery
from strongroom.vault.recovery_wrapping import RecoveryWrapping
from strongroom.vault.rekeying import Rekeying
from strongroom.vault.rewrapping import Rewrapping
from strongroom.vault.rotation import Rotation
from strongroom.vault.seals import CustodyDomain
from strongroom.vault.shredding import Shredding
from strongroom.vault.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The parts of one installation.

    Attributes:
        keys: The room's own keys.
        public_keys: What ``room.toml`` pins; every answer must verify with them.
        now: The clock, aware UTC.
        seen: What this reader had seen before, if they keep it.
        witnesses: Who else keeps checkpoints; ``None`` if nobody does.
    """

    settings: Settings
    ledger: Ledger
    anchors: Anchors
    gate: Gate
    approvals: Approvals
    sessions: Sessions
    people: People
    erasures: Erasures
    vault: Vault
    catalogue: Catalogue
    recovery: Recovery
    recovery_wrapping: RecoveryWrapping
    rotation: Rotation
    rewrapping: Rewrapping
    rekeying: Rekeying
    shredding: Shredding
    requests: Requests
    desk: Desk
    domains: Mapping[str, CustodyDomain]
    keys: RoomKeys
    public_keys: PublicKeys
    now: Callable[[], datetime]
    random: Random
    seen: Seen | None = None
    witnesses: Witnesses | None = None
