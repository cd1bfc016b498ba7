"""Everything is wrapped to the recovery key, whenever it was sealed."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.client.client import Strongroom
from strongroom.crypto.custody.port import Anchor, KeyCustodian, VerifyExtension
from strongroom.crypto.near_custodian import NearCustodian
from strongroom.crypto.recovery import RecoveryKey
from strongroom.crypto.roomkeys import NAMES, RoomKeys
from strongroom.database import tables
from strongroom.errors import DeniedError, UnavailableError
from strongroom.types import Role, Secret
from strongroom.vault.recovery_wrapping import RecoveryWrapping
from strongroom.vault.recovery_wraps import (
    held_shares,
    load_room_keys,
    room_key_place,
    room_keys_digest,
    sealed_manifests,
)
from tests.journeys.rooms import House, again, write_small_model
from tests.vault.recovering import propose
from tests.vault.test_recovery import facts


@pytest.fixture
def key() -> RecoveryKey:
    """Give a fresh recovery key."""
    return RecoveryKey.generate(os.urandom)


def covered(room: Strongroom) -> list[tuple[int, int]]:
    """Return wrapped and total of every set."""
    return [(c.wrapped, c.total) for c in room.room.upkeep.recovery.sets(room.actor)]


def wrap_all(room: Strongroom) -> int:
    """Wrap what lacks it."""
    return room.room.upkeep.recovery_wrapping.run(room.actor)


def roots(room: Strongroom) -> dict[str, int]:
    """Return how many wraps there are under each root key."""
    with room.room.ledger.database.reading() as connection:
        rows = connection.execute(
            sa.select(tables.wraps.c.root_key_id, sa.func.count()).group_by(
                tables.wraps.c.root_key_id
            )
        )
        return {row[0]: row[1] for row in rows}


def test_what_is_sealed_after_the_key_is_wrapped_to_it(
    solo_room: Strongroom, model: Path, key: RecoveryKey
) -> None:
    propose(solo_room, key)
    solo_room.seal(model, name="llm")
    home = solo_room.room.domains["home"].custodian.root_key_id

    found = roots(solo_room)
    assert found[key.id] == found[home] > 5
    assert solo_room.open("llm", purpose="a test").tensors()


def test_what_was_sealed_before_the_key_is_wrapped_too(
    solo_room: Strongroom, model: Path, quick: Path, key: RecoveryKey
) -> None:
    solo_room.seal(model, name="llm")
    solo_room.seal(write_small_model(quick / "more", seed=2), name="other")
    propose(solo_room, key)
    ((before, total),) = covered(solo_room)

    assert before == 0
    assert wrap_all(solo_room) == total
    assert covered(solo_room) == [(total, total)]
    assert wrap_all(solo_room) == 0  # nothing is left, and nothing is recorded
    assert len(facts(solo_room, "recovery.wrapped")) == 3
    assert solo_room.open("llm", purpose="a test").tensors()


def test_the_recovery_key_opens_the_shares_and_keys(
    solo_room: Strongroom, model: Path, key: RecoveryKey
) -> None:
    solo_room.seal(model, name="llm")
    propose(solo_room, key)
    wrap_all(solo_room)
    room = solo_room.room

    with room.ledger.reading() as reading:
        (manifest,) = sealed_manifests(reading, room.public_keys.manifest)
        for held in held_shares(reading.connection, manifest):
            home = room.domains["home"].custodian
            share = room.anchors.unwrap(
                home,
                held.wrapped[home.root_key_id],
                held.context(home.root_key_id),
            )
            assert key.unwrap(held.wrapped[key.id], held.context(key.id)) == share
        wrapped = load_room_keys(reading.connection, key.id)
    seeds = {
        name: key.unwrap(data, room_key_place(room.settings.room, name, key.id))
        for name, data in wrapped.items()
    }
    assert seeds.keys() == set(NAMES)
    assert RoomKeys.from_seeds(seeds).public == room.public_keys


def test_the_ledger_keeps_a_digest_of_the_wrapped_room_keys(
    solo_room: Strongroom, key: RecoveryKey
) -> None:
    """HPKE does not say who sealed; else a forged guard key might be restored."""
    propose(solo_room, key)
    wrap_all(solo_room)
    with solo_room.room.ledger.reading() as reading:
        wrapped = load_room_keys(reading.connection, key.id)

    (entry,) = facts(solo_room, "recovery.wrapped")
    assert entry["digest"] == room_keys_digest(wrapped)
    altered = {**wrapped, "guard": wrapped["totp"]}
    assert room_keys_digest(altered) != entry["digest"]


def test_in_a_house_every_domain_is_wrapped(
    house: House, model: Path, key: RecoveryKey
) -> None:
    house.publish(model)
    house.admit("kim", "keys", Role.KEY_HOLDER)
    house.by("ines").approve(propose(house.by("kim"), key).id)
    kim = house.by("kim")

    wrap_all(kim)

    ((wrapped, total),) = covered(kim)
    assert wrapped == total
    house.permit("ana", "blocks.0.1")
    assert house.by("ana").open("llm", segments=("blocks.0.1",)).tensors()


def test_a_locked_domain_stops_it_and_the_rest_can_follow(
    house: House, model: Path, key: RecoveryKey
) -> None:
    house.publish(model)
    house.admit("kim", "keys", Role.KEY_HOLDER)
    house.by("ines").approve(propose(house.by("kim"), key).id)
    actor = house.actors["kim"]
    home = ("architecture",)
    with again(house.folder, house.clock, domains=home) as locked:
        bound = Strongroom(locked.room, actor)
        with pytest.raises(UnavailableError, match="locked"):
            wrap_all(bound)

    wrap_all(house.by("kim"))
    ((wrapped, total),) = covered(house.by("kim"))
    assert wrapped == total


@pytest.mark.parametrize("name", ["root", "olga", "ana", "ines"])
def test_others_wrap_nothing(house: House, name: str) -> None:
    with pytest.raises(DeniedError):
        wrap_all(house.by(name))


def test_wraps_to_a_replaced_key_are_removed(
    solo_room: Strongroom, model: Path, key: RecoveryKey
) -> None:
    solo_room.seal(model, name="llm")
    propose(solo_room, key)
    wrap_all(solo_room)
    other = RecoveryKey.generate(os.urandom)
    propose(solo_room, other, set_id=78)
    assert key.id in roots(solo_room)

    wrap_all(solo_room)

    assert key.id not in roots(solo_room)
    removed = facts(solo_room, "recovery.removed")
    assert {entry["key"] for entry in removed} == {key.id}
    ((wrapped, total),) = covered(solo_room)
    assert wrapped == total


def test_a_domain_with_a_new_set_is_wrapped_to_that_one_only(
    house: House, model: Path, key: RecoveryKey
) -> None:
    house.publish(model)
    house.admit("kim", "keys", Role.KEY_HOLDER)
    kim = house.by("kim")
    house.by("ines").approve(propose(kim, key).id)
    wrap_all(kim)
    other = RecoveryKey.generate(os.urandom)
    house.by("ines").approve(propose(kim, other, ["weights"], set_id=78).id)

    wrap_all(kim)

    assert all(wrapped == total for wrapped, total in covered(kim))
    with house.room.room.ledger.reading() as reading:
        (manifest,) = sealed_manifests(reading, kim.room.public_keys.manifest)
        held = held_shares(reading.connection, manifest)
    expected = {"architecture": key.id, "biases": key.id, "weights": other.id}
    for share in held:
        recovery = {k for k in share.wrapped if k.startswith("recovery-")}
        assert recovery == {expected[share.domain]}


class Shredding(NearCustodian):
    """A custodian beside which somebody shreds every segment after the first look."""

    def __init__(self, custodian: KeyCustodian, room: Strongroom) -> None:
        self._custodian = custodian
        self._database = room.room.ledger.database

    @property
    def name(self) -> str:
        return self._custodian.name

    @property
    def root_key_id(self) -> str:
        return self._custodian.root_key_id

    def wrap(self, secret: Secret, context: bytes) -> bytes:
        return self._custodian.wrap(secret, context)

    def unwrap(
        self,
        wrapped: bytes,
        context: bytes,
        *,
        anchor: Anchor,
        verify_extension: VerifyExtension,
    ) -> Secret:
        with self._database.engine.begin() as connection:
            connection.execute(sa.delete(tables.wraps))
        return self._custodian.unwrap(
            wrapped, context, anchor=anchor, verify_extension=verify_extension
        )

    def advance(self, anchor: Anchor, verify_extension: VerifyExtension) -> None:
        self._custodian.advance(anchor, verify_extension)

    def anchor(self) -> Anchor:
        return self._custodian.anchor()


def test_a_segment_that_was_shredded_meanwhile_stays_shredded(
    solo_room: Strongroom, model: Path, key: RecoveryKey
) -> None:
    """Its wraps are deleted between our look and our write."""
    solo_room.seal(model, name="llm")
    propose(solo_room, key)
    wrap_all(solo_room)
    with solo_room.room.ledger.database.engine.begin() as connection:
        connection.execute(
            sa.delete(tables.wraps).where(tables.wraps.c.root_key_id == key.id)
        )
    room = solo_room.room
    home = room.domains["home"]
    wrapping = RecoveryWrapping(
        room.gate,
        room.anchors,
        room=room.settings.room,
        domains={"home": replace(home, custodian=Shredding(home.custodian, solo_room))},
        manifest_key=room.public_keys.manifest,
    )

    assert wrapping.run(solo_room.actor) == 0
    assert roots(solo_room) == {}
