"""Keys that are given up: nothing opens the segment, and who still could is named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.access.request import Request
from strongroom.client.client import Strongroom
from strongroom.client.survivors import Survivor, survivors
from strongroom.crypto.recovery import RecoveryKey
from strongroom.database import key_tables, tables
from strongroom.errors import (
    ConflictError,
    DeniedError,
    IntegrityError,
    MissingError,
)
from strongroom.types import Role
from tests.app.test_rotating import KilledError, dying
from tests.journeys.rooms import House
from tests.vault.recovering import propose
from tests.vault.test_recovery import facts
from tests.vault.test_rekeying import manifest_of, rekey


def shred(room: Strongroom, *names: str) -> Request:
    """Ask to give the keys of segments up."""
    doomed = room.room.upkeep.shredding.look(room.actor, "llm", names)
    return room.room.upkeep.shredding.propose(room.actor, doomed)


def still_open(room: Strongroom, *names: str) -> list[Survivor]:
    """Return what could open segments after that."""
    return survivors(
        room.room, room.room.upkeep.shredding.look(room.actor, "llm", names)
    )


def test_what_was_given_up_opens_for_nobody_and_the_rest_does(
    solo_room: Strongroom, model: Path
) -> None:
    solo_room.seal(model, name="llm")
    first, second, *_ = manifest_of(solo_room).segments

    shred(solo_room, second.name)

    with pytest.raises(MissingError, match=f"key of {second.name} was given up"):
        solo_room.open("llm", purpose="a test")
    assert solo_room.open("llm", segments=(first.name,), purpose="a test")
    (entry,) = facts(solo_room, "key.shredded")
    assert entry["segments"] == [second.id]
    assert entry["roots"] == [solo_room.room.domains["home"].custodian.root_key_id]
    assert entry["wraps"] == 1
    assert not solo_room.records.verify().findings
    with pytest.raises(MissingError, match="was given up"):
        shred(solo_room, second.name)
    with pytest.raises(MissingError, match="was given up"):
        rekey(solo_room, second.name)
    assert second.id not in {s.id for s in rekey(solo_room).segments}


def test_wraps_put_back_from_a_backup_open_nothing(
    solo_room: Strongroom, model: Path
) -> None:
    solo_room.seal(model, name="llm")
    engine = solo_room.room.ledger.database.engine
    with engine.begin() as connection:
        backup = [row._asdict() for row in connection.execute(sa.select(tables.wraps))]
    shred(solo_room)
    with engine.begin() as connection:
        connection.execute(sa.insert(tables.wraps), backup)

    with pytest.raises(MissingError, match="was given up"):
        solo_room.open("llm", purpose="a test")
    with engine.begin() as connection:  # and the word that they are given up away
        connection.execute(sa.delete(key_tables.shreds))
    with pytest.raises(IntegrityError):
        solo_room.open("llm", purpose="a test")


def test_everybody_who_could_still_open_it_is_named(house: House, model: Path) -> None:
    house.publish(model)
    house.admit("kim", "keys", Role.KEY_HOLDER)
    kim = house.by("kim")
    house.by("ines").approve(propose(kim, RecoveryKey.generate(os.urandom)).id)
    kim.room.upkeep.recovery_wrapping.run(kim.actor)
    permit = house.permit("ana", "blocks.0.1")
    house.by("ana").open(permit.id)

    found = still_open(kim, "blocks.0.1", "architecture")
    named = {(one.kind, one.name) for one in found}
    assert named == {
        ("root", "architecture"),
        ("root", "weights"),
        ("recovery", "set 77"),
        ("reader", "ana"),
        ("sealer", "olga"),
    }


def test_another_team_agrees_before_anything_is_deleted(
    house: House, model: Path
) -> None:
    house.publish(model)
    house.admit("kim", "keys", Role.KEY_HOLDER)
    permit = house.permit("ana", "blocks.0.1")
    asked = shred(house.by("kim"), "blocks.0.1")

    assert asked.state == "pending"
    assert house.by("ana").open(permit.id).tensors()
    house.by("ines").approve(asked.id)
    with pytest.raises(MissingError, match="was given up"):
        house.by("ana").open(permit.id)


@pytest.mark.parametrize("name", ["root", "olga", "ana", "ines"])
def test_only_key_holders_ask(house: House, model: Path, name: str) -> None:
    house.publish(model)
    with pytest.raises(DeniedError):
        shred(house.by(name))


def test_a_version_that_is_being_re_keyed_waits(
    solo_room: Strongroom, model: Path
) -> None:
    solo_room.seal(model, name="llm")
    with pytest.raises(KilledError):
        rekey(dying(solo_room, 3))
    with pytest.raises(ConflictError, match="being re-keyed"):
        shred(solo_room)
