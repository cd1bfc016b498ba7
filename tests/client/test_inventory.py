"""Every key of a room is in its inventory."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from strongroom.app.rotating import rotate
from strongroom.client.client import Strongroom
from strongroom.client.inventory import KeyItem, take_inventory
from strongroom.crypto.recovery import RecoveryKey
from strongroom.crypto.roomkeys import NAMES
from tests.app.test_rotating import options
from tests.journeys.rooms import House
from tests.vault.recovering import propose


def inventory(room: Strongroom) -> dict[tuple[str, str], KeyItem]:
    """Return the keys of a room by kind and name."""
    items = take_inventory(room.room, room.actor)
    found = {(item.kind, item.name): item for item in items}
    assert len(found) == len(items)
    return found


def test_every_key_is_there_with_what_it_protects(
    solo_room: Strongroom, model: Path
) -> None:
    sealed = solo_room.seal(model, name="llm")
    propose(solo_room, RecoveryKey.generate(os.urandom))
    found = inventory(solo_room)

    assert {name for kind, name in found if kind == "room"} == set(NAMES)
    root = found["root", "home"]
    assert root.used_by == "whoever has the custody file and its passphrase"
    segments = found["segment", "llm@1, generation 1"]
    count = len(sealed.manifest.segments)
    assert segments.protects == f"segments: {count}, internal"
    assert segments.algorithm.name == "AES-256-GCM"
    assert ("recovery", "set 77") in found
    assert found["reader", "one for each opening"].since is None


def test_another_suite_and_another_root_key_show(
    solo_room: Strongroom, model: Path
) -> None:
    solo_room.seal(model, name="llm")
    room = solo_room.room
    room.upkeep.rekeying.run(
        solo_room.actor, "llm", segments=("architecture",), suite=2
    )
    rotate(solo_room, options())
    items = take_inventory(room, solo_room.actor)

    suites = [i.algorithm.name for i in items if i.kind == "segment"]
    assert suites == ["AES-256-GCM", "ChaCha20-Poly1305"]
    roots = {i.name: i.protects for i in items if i.kind == "root"}
    assert roots.keys() == {"home, active", "home, retired"}
    assert roots["home, retired"] == "shares of segments: 0"


def test_an_algorithm_past_its_review_is_a_finding(solo_room: Strongroom) -> None:
    items = take_inventory(solo_room.room, solo_room.actor)

    assert not any(item.is_overdue(date(2026, 11, 26)) for item in items)
    assert all(item.is_overdue(date(2040, 1, 1)) for item in items)


def test_auditors_read_it(house: House) -> None:
    found = inventory(house.by("ada"))

    assert {name for kind, name in found if kind == "root"} == {
        "architecture",
        "biases",
        "weights",
    }
    assert found["factor", "one-time codes"].algorithm.name == "TOTP, HMAC-SHA-1"
