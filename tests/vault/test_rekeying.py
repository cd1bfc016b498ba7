"""A version in its next generation: other keys, the same content and permits."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.client.client import Strongroom
from strongroom.crypto.recovery import RecoveryKey
from strongroom.errors import (
    ConflictError,
    DeniedError,
    InputError,
    IntegrityError,
    MissingError,
)
from strongroom.types import Role
from strongroom.vault.manifest import Manifest
from strongroom.vault.rekeying import Rekeyed
from tests.app.test_rotating import KilledError, dying
from tests.journeys.rooms import Clock, House, again
from tests.vault.recovering import propose
from tests.vault.test_recovery import facts


def manifest_of(room: Strongroom, target: str = "llm") -> Manifest:
    """Return the manifest of a version."""
    return room.room.catalogue.show(room.actor, target).manifest


def rekey(room: Strongroom, *segments: str, suite: int | None = None) -> Rekeyed:
    """Re-key the model."""
    return room.room.upkeep.rekeying.run(
        room.actor, "llm", segments=segments, suite=suite
    )


def contents(room: Strongroom) -> dict[str, bytes]:
    """Return every tensor of the model."""
    with room.open("llm", purpose="a test") as opened:
        return {name: array.tobytes() for name, array in opened.tensors().items()}


@pytest.mark.parametrize("suite", [None, 2])
def test_every_key_is_another_one_and_the_content_the_same(
    solo_room: Strongroom, model: Path, suite: int | None
) -> None:
    solo_room.seal(model, name="llm")
    before, weights = manifest_of(solo_room), contents(solo_room)

    done = rekey(solo_room, suite=suite)

    after = manifest_of(solo_room)
    assert (done.version.generation, after.generation) == (2, 2)
    assert after.digest == done.manifest.digest != before.digest
    for old, new in zip(before.segments, after.segments, strict=True):
        assert (old.id, old.name, old.footprint) == (new.id, new.name, new.footprint)
        assert old.facts.salt != new.facts.salt
        assert old.facts.commitment != new.facts.commitment
        assert old.facts.object_name != new.facts.object_name
        assert new.facts.context.suite == (suite or 1)
    assert contents(solo_room) == weights
    solo_room.room.catalogue.verify(solo_room.actor, "llm", progress=lambda _: None)
    assert not solo_room.records.verify().findings


def test_the_old_objects_are_garbage_and_nothing_else(
    solo_room: Strongroom, model: Path
) -> None:
    solo_room.seal(model, name="llm")
    weights, count = contents(solo_room), len(manifest_of(solo_room).segments)
    rekey(solo_room)

    assert solo_room.clean().objects == count
    assert contents(solo_room) == weights


def test_one_segment_alone_is_of_a_later_generation(
    solo_room: Strongroom, model: Path
) -> None:
    solo_room.seal(model, name="llm")
    weights = contents(solo_room)
    name = manifest_of(solo_room).segments[1].name

    rekey(solo_room, name, suite=2)

    after = manifest_of(solo_room)
    found = {s.name: s.facts.context.generation for s in after.segments}
    assert found.pop(name) == after.generation == 2
    assert set(found.values()) == {1}
    assert contents(solo_room) == weights
    with pytest.raises(InputError, match="several suites"):
        rekey(solo_room)
    rekey(solo_room, suite=1)
    assert {s.facts.context.generation for s in manifest_of(solo_room).segments} == {3}
    assert contents(solo_room) == weights


def test_a_permit_in_force_goes_on_and_exposure_stays(
    house: House, model: Path
) -> None:
    house.publish(model, custodians=2)
    house.admit("kim", "keys", Role.KEY_HOLDER)
    permit = house.permit("ana", "blocks.0.1")
    ana = house.by("ana")
    weights = ana.open(permit.id).tensors()

    rekey(house.by("kim"), "blocks.0.1")
    rekey(house.by("kim"))

    again_ = ana.open(permit.id).tensors()
    assert again_.keys() == weights.keys()
    first, second = (entry["charged"] for entry in facts(ana, "key.released"))
    assert first != 0
    assert second == 0


@pytest.mark.parametrize("name", ["root", "olga", "ana", "ines"])
def test_only_key_holders_re_key(house: House, model: Path, name: str) -> None:
    house.publish(model)
    with pytest.raises(DeniedError):
        rekey(house.by(name))


@pytest.mark.parametrize("commits", [1, 2, 4, 12])
def test_killed_after_a_commit_it_goes_on(
    solo_room: Strongroom, model: Path, quick: Path, clock: Clock, commits: int
) -> None:
    solo_room.seal(model, name="llm")
    weights = contents(solo_room)
    solo_room.close()
    with again(quick / "room", clock) as room, pytest.raises(KilledError):
        rekey(dying(room, commits))
    with again(quick / "room", clock) as room:
        assert contents(room) == weights
        finished = room.clean()
        assert finished.objects == 0  # what is finished is not garbage
        with pytest.raises(ConflictError, match="is under way"):
            rekey(room, suite=2)
        told: list[int] = []
        done = room.room.upkeep.rekeying.run(room.actor, "llm", progress=told.append)
        assert done.version.generation == 2
        assert sum(told) == sum(s.facts.stream_bytes for s in done.manifest.segments)
        assert contents(room) == weights
        assert len(facts(room, "rekey.begun")) == 1


def test_new_shares_are_wrapped_for_recovery_too(
    solo_room: Strongroom, model: Path
) -> None:
    solo_room.seal(model, name="llm")
    propose(solo_room, RecoveryKey.generate(solo_room.room.random))
    solo_room.room.upkeep.recovery_wrapping.run(solo_room.actor)
    name = manifest_of(solo_room).segments[0].name
    rekey(solo_room, name)

    ((covered),) = solo_room.room.upkeep.recovery.sets(solo_room.actor)
    assert covered.wrapped == covered.total


def test_an_altered_object_is_not_signed_anew(
    solo_room: Strongroom, model: Path
) -> None:
    solo_room.seal(model, name="llm")
    segment = manifest_of(solo_room).segments[-1]
    store = solo_room.room.domains["home"].store
    name = segment.facts.object_name
    data = bytearray(segment.facts.length)
    store.read_into(name, 0, data)
    data[-1] ^= 1
    store.remove(name)
    store.write(name, [bytes(data)])

    with pytest.raises(IntegrityError):
        rekey(solo_room, segment.name)
    assert manifest_of(solo_room).generation == 1


def test_one_altered_object_ends_it_and_the_rest_is_kept(
    solo_room: Strongroom, model: Path
) -> None:
    """Several are under way at once; those that were finished are not done again."""
    solo_room.seal(model, name="llm")
    weights = contents(solo_room)
    segment = manifest_of(solo_room).segments[-1]
    store, name = solo_room.room.domains["home"].store, segment.facts.object_name
    honest = bytearray(segment.facts.length)
    store.read_into(name, 0, honest)
    store.remove(name)
    store.write(name, [bytes(honest[:-1]), bytes([honest[-1] ^ 1])])
    with pytest.raises(IntegrityError):
        rekey(solo_room)
    assert manifest_of(solo_room).generation == 1

    store.remove(name)
    store.write(name, [bytes(honest)])
    rekey(solo_room)
    assert contents(solo_room) == weights
    assert len(facts(solo_room, "rekey.begun")) == 1
    assert solo_room.clean().objects >= len(manifest_of(solo_room).segments)


def test_what_is_not_there_is_refused(solo_room: Strongroom, model: Path) -> None:
    solo_room.seal(model, name="llm")
    with pytest.raises(MissingError, match="no segment 'nowhere'"):
        rekey(solo_room, "nowhere")
    with pytest.raises(InputError, match="no suite 7"):
        rekey(solo_room, suite=7)
    assert facts(solo_room, "rekey.begun") == []
