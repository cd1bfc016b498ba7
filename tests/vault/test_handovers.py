"""Custodians elsewhere wrap their shares for recovery by themselves."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from strongroom.app.copies import RestoreOptions
from strongroom.app.custodians import trust_recovery_key
from strongroom.app.restoring import restore
from strongroom.client.client import Strongroom
from strongroom.crypto.custody.file import FileCustodian
from strongroom.crypto.recovery import RecoveryKey
from strongroom.errors import DeniedError, UnavailableError
from strongroom.types import Role
from strongroom.vault.recovery_wrapping import RecoveryWrapping
from tests.contracts.served import connect, serving
from tests.journeys.apart import name_socket
from tests.journeys.rooms import CHEAP, PASSPHRASE, Clock, House, again
from tests.vault.recovering import hand_out, propose


@pytest.fixture
def apart(
    solo_room: Strongroom, model: Path, quick: Path, clock: Clock
) -> Iterator[Strongroom]:
    """Give a room with a model, whose only custodian is served elsewhere."""
    solo_room.seal(model, name="llm")
    solo_room.close()
    file = quick / "room" / "custodians" / "home"
    with serving(FileCustodian.open(file, PASSPHRASE), file) as path:
        name_socket(quick / "room", path, domain="home")
        with again(quick / "room", clock, domains=()) as room:
            yield room


def covered(room: Strongroom) -> tuple[int, int]:
    """Return how many keys are wrapped to the set, of how many."""
    (one,) = room.room.upkeep.recovery.sets(room.actor)
    return one.wrapped, one.total


def test_a_room_comes_back_from_papers_when_its_custodian_elsewhere_is_lost(
    apart: Strongroom, quick: Path, clock: Clock
) -> None:
    """What was sealed before the papers was lost for good with such a custodian."""
    key = RecoveryKey.generate(os.urandom)
    papers = hand_out(apart, key)
    propose(apart, key)
    wrap = apart.room.upkeep.recovery_wrapping.run
    with pytest.raises(DeniedError, match=f"did not say that {key.id} may be trusted"):
        wrap(apart.actor)
    assert covered(apart)[0] == 7  # the room's own keys, which a desk has anyway

    trust_recovery_key(quick / "room" / "custodians" / "home", key.id)
    assert wrap(apart.actor) > 5
    assert wrap(apart.actor) == 0
    assert len(set(covered(apart))) == 1
    apart.close()

    shutil.rmtree(quick / "room" / "custodians")
    restore(
        RestoreOptions(
            copy=quick / "room",
            into=quick / "restored",
            papers=papers[:2],
            passphrases={"*": PASSPHRASE},
            by="me",
            cost=CHEAP,
        ),
        now=clock,
    )
    with again(quick / "restored", clock) as back:
        assert back.open("llm", purpose="a test").tensors()


def test_one_custodian_that_refuses_does_not_stop_the_others(
    apart: Strongroom, quick: Path, model: Path
) -> None:
    """Its name and the reason come when all the rest is wrapped."""
    key = RecoveryKey.generate(os.urandom)
    propose(apart, key)
    apart.seal(model, name="late")  # wrapped while it is sealed
    with pytest.raises(DeniedError):
        apart.room.upkeep.recovery_wrapping.run(apart.actor)
    wrapped, total = covered(apart)

    assert 7 < wrapped < total
    trust_recovery_key(quick / "room" / "custodians" / "home", key.id)
    assert apart.room.upkeep.recovery_wrapping.run(apart.actor) == total - wrapped


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_one_custodian_that_is_away_does_not_stop_the_others(
    house: House, model: Path, quick: Path
) -> None:
    """It was passed over before; then it stopped what came after it."""
    house.publish(model)
    house.admit("kim", "keys", Role.KEY_HOLDER)
    key = RecoveryKey.generate(os.urandom)
    house.by("ines").approve(propose(house.by("kim"), key).id)
    room = house.room.room
    away = connect(quick / "absent", name="biases")
    wrapping = RecoveryWrapping(
        room.gate,
        room.anchors,
        room=room.settings.room,
        domains={
            **room.domains,
            "biases": replace(room.domains["biases"], custodian=away),
        },
        manifest_key=room.public_keys.manifest,
    )

    with pytest.raises(UnavailableError, match="no custodian answers"):
        wrapping.run(house.actors["kim"])

    lacking = room.upkeep.recovery_wrapping.run(house.actors["kim"])
    wrapped, total = covered(house.by("kim"))
    assert 0 < lacking < wrapped == total
