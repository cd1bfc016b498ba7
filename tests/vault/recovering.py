"""Recovery keys for the tests: in force at once, or asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence

from strongroom.access.request import Request
from strongroom.client.client import Strongroom
from strongroom.crypto.paper import Paper
from strongroom.crypto.recovery import RecoveryKey
from strongroom.crypto.sharing import split

THRESHOLD, SHARES = 2, 3


def hand_out(
    room: Strongroom, key: RecoveryKey, *, set_id: int = 77
) -> tuple[Paper, ...]:
    """Return the papers of a key, two of three of which restore it."""
    parts = split(
        key.seed, shares=SHARES, threshold=THRESHOLD, set_id=set_id, random=os.urandom
    )
    return tuple(
        Paper(
            share=part,
            room=room.room.settings.room,
            key=key.id,
            shares=SHARES,
            made=room.room.now().date(),
        )
        for part in parts
    )


def propose(
    room: Strongroom,
    key: RecoveryKey,
    domains: Sequence[str] | None = None,
    *,
    set_id: int = 77,
) -> Request:
    """Ask for a key; for every domain unless some are named."""
    return room.room.upkeep.recovery.propose(
        room.actor,
        public=key.public,
        domains=tuple(room.room.domains) if domains is None else domains,
        set_id=set_id,
        shares=SHARES,
        threshold=THRESHOLD,
    )
