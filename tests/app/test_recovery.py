"""``room.toml`` says which papers restore the room."""

from __future__ import annotations

import os
from pathlib import Path

from strongroom.app.recovery import pin_sets
from strongroom.crypto.recovery import RecoveryKey
from strongroom.settings import load_settings
from strongroom.vault.recovery_sets import active_sets
from tests.journeys.rooms import again, solo
from tests.vault.recovering import propose


def test_sets_are_pinned_and_the_room_opens_as_before(quick: Path) -> None:
    with solo(quick / "room") as room:
        key = RecoveryKey.generate(os.urandom)
        propose(room, key)
        with room.room.ledger.reading() as reading:
            sets = active_sets(reading)
        pinned = pin_sets(room.room.settings, sets, random=os.urandom)

    (one,) = pinned.recovery
    assert (one.key, one.domains, one.set_id) == (key.id, ("home",), 77)
    assert load_settings(quick / "room") == pinned
    with again(quick / "room") as room:
        assert room.room.settings == pinned


def test_what_is_pinned_is_not_written_again(quick: Path) -> None:
    with solo(quick / "room") as room:
        propose(room, RecoveryKey.generate(os.urandom))
        with room.room.ledger.reading() as reading:
            sets = active_sets(reading)
        pinned = pin_sets(room.room.settings, sets, random=os.urandom)
    before = (quick / "room" / "room.toml").stat()

    assert pin_sets(pinned, sets, random=os.urandom) == pinned
    assert (quick / "room" / "room.toml").stat() == before
