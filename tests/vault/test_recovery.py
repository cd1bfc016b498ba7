"""Recovery keys: who may put one in force, and what follows."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest
import sqlalchemy as sa

from strongroom.client.client import Strongroom
from strongroom.crypto.recovery import RecoveryKey
from strongroom.database import tables
from strongroom.errors import (
    ConflictError,
    DeniedError,
    InputError,
    IntegrityError,
)
from strongroom.ledger.reconcile import reconcile
from strongroom.types import Role
from strongroom.vault.recovery_sets import (
    active_sets,
    sets_by_domain,
    verify_apart,
)
from tests.journeys.rooms import House
from tests.vault.recovering import propose

DOMAINS = ["architecture", "biases", "weights"]


@pytest.fixture
def key() -> RecoveryKey:
    """Give a fresh recovery key."""
    return RecoveryKey.generate(os.urandom)


def in_force(room: Strongroom) -> dict[str, str]:
    """Return the id of the recovery key of every domain."""
    with room.room.ledger.reading() as reading:
        return {d: one.id for d, one in sets_by_domain(reading).items()}


def facts(room: Strongroom, kind: str) -> list[dict[str, object]]:
    """Return the facts of every entry of a kind."""
    with room.room.ledger.reading() as reading:
        bodies = [json.loads(e.body) for e in room.room.ledger.entries(reading, 0)]
    return [body["facts"] for body in bodies if body["kind"] == kind]


def test_a_key_of_one_person_is_in_force_at_once(
    solo_room: Strongroom, key: RecoveryKey
) -> None:
    request = propose(solo_room, key)

    assert request.state == "approved"
    assert in_force(solo_room) == {"home": key.id}
    (created,) = facts(solo_room, "recovery.created")
    assert created["public"] == key.public.hex()
    assert (created["set"], created["shares"], created["threshold"]) == (77, 3, 2)


def test_in_a_house_another_team_has_to_agree(house: House, key: RecoveryKey) -> None:
    house.admit("kim", "keys", Role.KEY_HOLDER)
    request = propose(house.by("kim"), key)
    assert request.state == "pending"
    assert in_force(house.room) == {}

    house.by("ines").approve(request.id)

    assert in_force(house.room) == dict.fromkeys(DOMAINS, key.id)
    with house.room.room.ledger.reading() as reading:
        assert reconcile(house.room.room.ledger, reading) == []


@pytest.mark.parametrize("name", ["root", "olga", "ana", "ines", "ada"])
def test_only_key_holders_ask(house: House, key: RecoveryKey, name: str) -> None:
    with pytest.raises(DeniedError):
        propose(house.by(name), key)
    with pytest.raises(DeniedError):
        house.room.room.upkeep.recovery.sets(house.actors[name])


def test_each_domain_can_have_a_key_of_its_own(house: House) -> None:
    house.admit("kim", "keys", Role.KEY_HOLDER)
    keys = {domain: RecoveryKey.generate(os.urandom) for domain in DOMAINS}
    for number, (domain, key) in enumerate(keys.items()):
        request = propose(house.by("kim"), key, [domain], set_id=number)
        house.by("ines").approve(request.id)

    assert in_force(house.room) == {domain: key.id for domain, key in keys.items()}


def test_a_new_set_replaces_the_former_one(
    solo_room: Strongroom, key: RecoveryKey
) -> None:
    propose(solo_room, key)
    other = RecoveryKey.generate(os.urandom)
    propose(solo_room, other, set_id=78)

    assert in_force(solo_room) == {"home": other.id}


def test_a_new_set_takes_a_domain_from_the_former_one(
    house: House, key: RecoveryKey
) -> None:
    house.admit("kim", "keys", Role.KEY_HOLDER)
    house.by("ines").approve(propose(house.by("kim"), key).id)
    other = RecoveryKey.generate(os.urandom)
    request = propose(house.by("kim"), other, ["weights"], set_id=78)
    house.by("ines").approve(request.id)

    assert in_force(house.room) == {
        "architecture": key.id,
        "biases": key.id,
        "weights": other.id,
    }


def test_no_set_stands_in_for_two_custodians_of_a_segment(
    solo_room: Strongroom, key: RecoveryKey
) -> None:
    propose(solo_room, key)
    with solo_room.room.ledger.reading() as reading:
        (one,) = active_sets(reading)
    other = replace(one, id=f"recovery-{'a' * 26}", set_id=78)

    verify_apart("head", ["home"], {"home": one})
    verify_apart("head", ["home", "far"], {"home": one})
    verify_apart("head", ["home", "far"], {"home": one, "far": other})
    with pytest.raises(ConflictError, match="set 77 would hold several shares of head"):
        verify_apart("head", ["home", "far"], {"home": one, "far": one})


@pytest.mark.parametrize("domains", [[], ["home", "home"], ["elsewhere"]])
def test_a_key_for_no_domain_is_refused(
    solo_room: Strongroom, key: RecoveryKey, domains: list[str]
) -> None:
    with pytest.raises(InputError):
        propose(solo_room, key, domains)


def test_a_key_put_into_the_database_by_hand_is_refused(
    solo_room: Strongroom, key: RecoveryKey
) -> None:
    """An administrator of the database would have everything wrapped to them."""
    propose(solo_room, RecoveryKey.generate(os.urandom))
    with solo_room.room.ledger.database.engine.begin() as connection:
        connection.execute(
            sa.update(tables.recovery_keys).values(public=key.public, id=key.id)
        )

    with (
        solo_room.room.ledger.reading() as reading,
        pytest.raises(IntegrityError),
    ):
        active_sets(reading)


def test_sets_say_how_much_they_would_restore(
    solo_room: Strongroom, key: RecoveryKey
) -> None:
    propose(solo_room, key)
    (covered,) = solo_room.room.upkeep.recovery.sets(solo_room.actor)

    assert (covered.wrapped, covered.total) == (0, 7)
    assert covered.set.id == key.id
