"""An opened room is wired to one ledger."""

from __future__ import annotations

from strongroom.client.client import Strongroom


def test_every_part_writes_into_one_ledger(solo_room: Strongroom) -> None:
    room = solo_room.room
    assert room.gate.ledger is room.ledger
    assert room.keys.public == room.public_keys
    assert set(room.domains) == {domain.name for domain in room.settings.domains}
