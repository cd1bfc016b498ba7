"""Second signatures are switched on and off, and nobody takes one away."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.app import open_strongroom
from strongroom.app.copies import RestoreOptions
from strongroom.app.restoring import restore
from strongroom.app.rotating import rotate
from strongroom.app.signatures import prepare, switch
from strongroom.client.client import Strongroom
from strongroom.crypto.recovery import RecoveryKey
from strongroom.crypto.roomkeys import NAMES, SECOND, all_names, second_names
from strongroom.crypto.signing import Signed
from strongroom.database import tables
from strongroom.errors import (
    ConflictError,
    DeniedError,
    InputError,
    IntegrityError,
    SetupError,
)
from strongroom.ledger import sequencer
from strongroom.ledger.note import split_note
from strongroom.settings import FILE_NAME, load_settings
from strongroom.types import Role
from strongroom.vault.manifest import MAX_MANIFEST_BYTES
from strongroom.vault.recovery_wraps import load_room_keys
from tests.app.test_restoring import NEW
from tests.app.test_rotating import options
from tests.journeys.rooms import CHEAP, Clock, House, again, write_small_model
from tests.vault.recovering import hand_out, propose


def switched(room: Strongroom, folder: Path, clock: Clock) -> Strongroom:
    """Close one person's room and return it with second signatures."""
    prepare(room)
    room.close()
    opened = again(folder, clock)
    switch(opened, both=True)
    return opened


def signatures(room: Strongroom) -> list[list[str]]:
    """Return the algorithms of every manifest there is."""
    with room.room.ledger.reading() as reading:
        rows = reading.connection.execute(sa.select(tables.manifests.c.signed))
        every = [
            Signed.from_bytes(bytes(row), 2 * MAX_MANIFEST_BYTES)
            for row in rows.scalars()
        ]
    return sorted([s.algorithm for s in one.signatures] for one in every)


def newest(room: Strongroom) -> str:
    with room.room.ledger.reading() as reading:
        return sequencer.newest_note(reading.connection) or ""


def kinds(room: Strongroom) -> list[str]:
    with room.room.ledger.reading() as reading:
        entries = list(room.room.ledger.entries(reading, 0))
    return [json.loads(entry.body)["kind"] for entry in entries]


def test_what_was_signed_before_stays_valid_and_the_rest_carries_both(
    solo_room: Strongroom, model: Path, quick: Path, clock: Clock
) -> None:
    solo_room.seal(model, name="old")
    with switched(solo_room, quick / "room", clock) as room:
        room.seal(write_small_model(quick / "late", blocks=2, seed=3), name="late")
        room.room.upkeep.rekeying.run(room.actor, "old", segments=("biases",))

        assert signatures(room) == [["ed25519", "ml-dsa-65"]] * 2
        assert len(split_note(newest(room)).lines) == 2
        for name in ("old", "late"):
            assert room.open(name, purpose="a test").tensors()
        assert room.records.verify().findings == ()
        since = room.room.ledger.notes.since
    settings = load_settings(quick / "room")
    assert settings.second_since == since
    assert settings.keys.keys() >= set(SECOND.values())


def test_switched_off_again_new_ones_carry_one_and_both_kinds_open(
    solo_room: Strongroom, model: Path, quick: Path, clock: Clock
) -> None:
    with switched(solo_room, quick / "room", clock) as room:
        room.seal(model, name="both")
        assert switch(room, both=False).both is False
        assert len(split_note(newest(room)).lines) == 2  # it ends what was demanded
    with again(quick / "room", clock) as room:
        room.seal(write_small_model(quick / "late", blocks=2, seed=3), name="one")

        assert len(split_note(newest(room)).lines) == 1
        assert signatures(room) == [["ed25519"], ["ed25519", "ml-dsa-65"]]
        for name in ("both", "one"):
            assert room.open(name, purpose="a test").tensors()
        assert room.records.verify().findings == ()
    assert load_settings(quick / "room").second_since is None


def test_it_is_switched_on_a_second_time_with_the_same_keys(
    solo_room: Strongroom, quick: Path, clock: Clock
) -> None:
    with switched(solo_room, quick / "room", clock) as room:
        switch(room, both=False)
    before = load_settings(quick / "room").keys
    with again(quick / "room", clock) as room:
        assert prepare(room) is False
        assert switch(room, both=True).both is True
        assert kinds(room).count("signatures.prepared") == 1
    assert load_settings(quick / "room").keys == before


def test_another_team_agrees_where_there_is_one(house: House, model: Path) -> None:
    """On each database: entries, keys and checkpoints change together."""
    house.admit("kim", "keys", Role.KEY_HOLDER)
    kim = house.by("kim")
    with pytest.raises(DeniedError):
        prepare(house.by("ana"))
    prepare(kim)
    with pytest.raises(ConflictError, match="before its second keys"):
        switch(kim, both=True)

    with again(house.folder, house.clock) as room:
        kim = Strongroom(room.room, house.actors["kim"])
        asked = switch(kim, both=True)
        assert asked.request is not None
        again_asked = switch(kim, both=True).request
        assert again_asked is not None
        assert again_asked.id == asked.request.id
        assert len(split_note(newest(room)).lines) == 1
        with pytest.raises(ConflictError, match="opened before"):
            house.by("ines").approve(asked.request.id)  # its process lacks the keys
        ines = Strongroom(room.room, house.actors["ines"])
        ines.approve(asked.request.id)
        assert len(split_note(newest(room)).lines) == 2
    with again(house.folder, house.clock) as room:
        assert room.room.settings.second_since is None
        assert load_settings(house.folder).second_since == room.room.ledger.notes.since
        olga = Strongroom(room.room, house.actors["olga"])
        sealed = olga.seal(model, name="llm")
        assert sealed.request is not None
        Strongroom(room.room, house.actors["ines"]).approve(sealed.request.id)
        assert signatures(room) == [["ed25519", "ml-dsa-65"]]


def test_a_process_from_before_the_keys_writes_nothing_any_more(
    solo_room: Strongroom, model: Path, quick: Path, clock: Clock
) -> None:
    stale = again(quick / "room", clock)
    with (
        switched(solo_room, quick / "room", clock),
        stale,
        pytest.raises(ConflictError, match="since it was opened"),
    ):
        stale.seal(model, name="llm")


def test_an_interruption_after_each_step_leaves_a_room_that_opens(
    solo_room: Strongroom, quick: Path, clock: Clock
) -> None:
    """Keys without their pins; pins without the entry; the entry without its pin."""
    folder = quick / "room"
    pinned = (folder / FILE_NAME).read_bytes()
    prepare(solo_room)
    solo_room.close()
    (folder / FILE_NAME).write_bytes(pinned)
    with again(folder, clock) as room:
        assert room.room.upkeep.signatures.are_pinned is False
        assert prepare(room) is True
    before = (folder / FILE_NAME).read_bytes()
    assert before != pinned
    with again(folder, clock) as room:
        switch(room, both=True)
    after = (folder / FILE_NAME).read_bytes()
    (folder / FILE_NAME).write_bytes(before)
    with again(folder, clock) as room:
        assert room.records.verify().findings == ()
    assert (folder / FILE_NAME).read_bytes() == after
    with again(folder, clock) as room:
        switch(room, both=False)
    (folder / FILE_NAME).write_bytes(after)
    with again(folder, clock) as room:
        assert room.records.verify().findings == ()
    assert load_settings(folder).second_since is None


def test_whoever_takes_the_demand_out_of_the_file_finds_it_back(
    solo_room: Strongroom, quick: Path, clock: Clock
) -> None:
    folder = quick / "room"
    switched(solo_room, folder, clock).close()
    settings = load_settings(folder)
    path = folder / FILE_NAME
    path.write_text(replace(settings, second_since=None).to_toml())

    with again(folder, clock) as room:
        assert room.room.ledger.notes.since == settings.second_since
    assert load_settings(folder) == settings


def test_whoever_takes_the_pinned_keys_out_of_the_file_opens_nothing(
    solo_room: Strongroom, quick: Path, clock: Clock
) -> None:
    folder = quick / "room"
    switched(solo_room, folder, clock).close()
    settings = load_settings(folder)
    keys = {n: k for n, k in settings.keys.items() if n not in SECOND.values()}
    text = replace(settings, keys=keys, second_since=None).to_toml()
    (folder / FILE_NAME).write_text(text)

    with pytest.raises(IntegrityError, match="does not pin"):
        again(folder, clock)


def test_a_pin_of_another_key_is_refused(
    solo_room: Strongroom, quick: Path, clock: Clock
) -> None:
    folder = quick / "room"
    switched(solo_room, folder, clock).close()
    settings = load_settings(folder)
    one, two = SECOND.values()
    keys = {**settings.keys, one: settings.keys[two], two: settings.keys[one]}
    (folder / FILE_NAME).write_text(replace(settings, keys=keys).to_toml())

    with pytest.raises((IntegrityError, SetupError)):
        again(folder, clock)
    path = folder / FILE_NAME
    path.write_text(replace(settings, keys=keys, second_since=10**6).to_toml())
    with pytest.raises((IntegrityError, SetupError)):
        again(folder, clock)


def test_the_second_keys_come_back_from_papers(
    solo_room: Strongroom, model: Path, quick: Path, clock: Clock
) -> None:
    """They are wrapped to the set in force when they are made."""
    key = RecoveryKey.generate(os.urandom)
    papers = hand_out(solo_room, key)
    propose(solo_room, key)
    solo_room.room.upkeep.recovery_wrapping.run(solo_room.actor)
    with switched(solo_room, quick / "room", clock) as room:
        room.seal(model, name="llm")
        with room.room.ledger.reading() as reading:
            held = load_room_keys(reading.connection, key.id)
        assert held.keys() == set(all_names(1))
        assert room.room.upkeep.recovery_wrapping.run(room.actor) == 0
    shutil.rmtree(quick / "room" / "custodians")

    restore(
        RestoreOptions(
            copy=quick / "room",
            into=quick / "new",
            papers=papers[:2],
            passphrases={"*": NEW},
            by="me",
            cost=CHEAP,
        ),
        now=Clock(),
    )
    with open_strongroom(
        quick / "new", passphrases={"*": NEW}, now=Clock()
    ) as restored:
        assert restored.open("llm", purpose="a test").tensors()
        assert restored.room.upkeep.signatures.demanded()
        assert len(split_note(newest(restored)).lines) == 2
        assert restored.records.verify().findings == ()


def test_a_set_that_had_the_others_gets_the_second_keys_too(
    solo_room: Strongroom, quick: Path, clock: Clock
) -> None:
    """``recovery wrap`` once passed over keys that were made after a set."""
    prepare(solo_room)
    key = RecoveryKey.generate(os.urandom)
    propose(solo_room, key)
    ledger, actor = solo_room.room.ledger, solo_room.actor
    solo_room.room.upkeep.recovery_wrapping.run(actor)
    columns = tables.room_keys.c
    with ledger.database.writing() as connection:
        connection.execute(
            sa.delete(tables.room_keys).where(
                columns.root_key_id == key.id, columns.name.in_(SECOND.values())
            )
        )
    with ledger.reading() as reading:
        assert load_room_keys(reading.connection, key.id).keys() == set(NAMES)

    assert solo_room.room.upkeep.recovery_wrapping.run(actor) == len(SECOND)


def test_a_rotation_moves_the_second_keys(
    solo_room: Strongroom, quick: Path, clock: Clock
) -> None:
    with switched(solo_room, quick / "room", clock) as room:
        done = rotate(room, options())
        assert done.wrapped == done.removed == len(all_names(1))
    with again(quick / "room", clock) as room:
        assert room.records.verify().findings == ()


def test_what_is_so_already_is_not_asked_for(
    solo_room: Strongroom, quick: Path, clock: Clock
) -> None:
    with switched(solo_room, quick / "room", clock) as room:
        count = len(kinds(room))
        assert switch(room, both=True).request is None
        assert len(kinds(room)) == count
        with pytest.raises(InputError, match="already"):
            room.room.upkeep.signatures.propose(room.actor, both=True)


def rotate_second(room: Strongroom, folder: Path, clock: Clock) -> Strongroom:
    """Close a room and return it with successors of its second keys."""
    assert prepare(room, successors=True)
    room.close()
    opened = again(folder, clock)
    assert switch(opened, both=True, successors=True).request is None
    return opened


def second_keys(room: Strongroom) -> list[str]:
    """Return which second key signed each manifest, by its number."""
    keys = [key.key_id for key in room.room.public_keys.manifest.seconds]
    with room.room.ledger.reading() as reading:
        rows = reading.connection.execute(sa.select(tables.manifests.c.signed))
        every = [Signed.from_bytes(bytes(row), 10**7) for row in rows.scalars()]
    return sorted(str(keys.index(one.signatures[1].key_id) + 1) for one in every)


def test_second_keys_get_successors_and_what_they_signed_stays_valid(
    solo_room: Strongroom, model: Path, quick: Path, clock: Clock
) -> None:
    folder = quick / "room"
    with switched(solo_room, folder, clock) as room:
        room.seal(model, name="old")
        with rotate_second(room, folder, clock) as rotated:
            late = write_small_model(quick / "late", blocks=2, seed=3)
            rotated.seal(late, name="late")

            assert second_keys(rotated) == ["1", "2"]
            for name in ("old", "late"):
                assert rotated.open(name, purpose="a test").tensors()
            assert rotated.records.verify().findings == ()
            assert kinds(rotated).count("signatures.switched") == 2
    settings = load_settings(folder)
    assert settings.second_key == 2
    assert settings.keys.keys() >= set(second_names(2).values())
    with again(folder, clock) as room:
        assert room.records.verify().findings == ()
        with rotate_second(room, folder, clock) as twice:
            switch(twice, both=False)
    with again(folder, clock) as room:
        assert load_settings(folder).second_key is None
        assert switch(room, both=True).both is True
        assert load_settings(folder).second_key == 3
        assert room.open("old", purpose="a test").tensors()


def test_an_interrupted_rotation_goes_on(
    solo_room: Strongroom, quick: Path, clock: Clock
) -> None:
    """Keys without pins; pins without the entry; the entry without its pin."""
    folder = quick / "room"
    path = folder / FILE_NAME
    switched(solo_room, folder, clock).close()
    pinned = path.read_bytes()
    with again(folder, clock) as room:
        assert prepare(room, successors=True)
    path.write_bytes(pinned)
    with again(folder, clock) as room:
        assert prepare(room, successors=True)
    with again(folder, clock) as room:
        assert prepare(room, successors=True) is False
        assert kinds(room).count("signatures.prepared") == 2
        before = path.read_bytes()
        switch(room, both=True, successors=True)
    after = path.read_bytes()
    path.write_bytes(before)
    with again(folder, clock) as room:
        assert room.records.verify().findings == ()
    assert path.read_bytes() == after != before


def test_without_the_successors_pin_a_room_does_not_open(
    solo_room: Strongroom, quick: Path, clock: Clock
) -> None:
    """Whoever puts ``room.toml`` back from before a rotation brings no old key back."""
    folder = quick / "room"
    room = switched(solo_room, folder, clock)
    pinned = (folder / FILE_NAME).read_bytes()
    rotate_second(room, folder, clock).close()
    (folder / FILE_NAME).write_bytes(pinned)

    with pytest.raises(IntegrityError, match="does not pin"):
        again(folder, clock)


def test_a_rotation_is_agreed_to_by_another_team_where_there_is_one(
    house: House,
) -> None:
    house.admit("kim", "keys", Role.KEY_HOLDER)
    prepare(house.by("kim"))
    for successors in (False, True):
        with again(house.folder, house.clock) as room:
            kim = Strongroom(room.room, house.actors["kim"])
            assert prepare(kim, successors=successors) is successors
        with again(house.folder, house.clock) as room:
            kim = Strongroom(room.room, house.actors["kim"])
            asked = switch(kim, both=True, successors=successors).request
            assert asked is not None
            Strongroom(room.room, house.actors["ines"]).approve(asked.id)
            with room.room.ledger.transaction():
                pass
    with again(house.folder, house.clock) as room:
        assert room.records.verify().findings == ()
        assert load_settings(house.folder).second_key == 2
