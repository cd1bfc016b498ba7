"""Objects of a seal: where they lie, and that none is left when it fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.crypto.wraps import segment_context
from strongroom.database import tables
from strongroom.errors import (
    ConflictError,
    InputError,
    MissingError,
    UnavailableError,
)
from strongroom.vault.versions import VersionState
from tests.disks import small_disk
from tests.journeys import rooms
from tests.journeys.rooms import Clock, House, again
from tests.vault.stored import kinds, objects, states


def test_segments_lie_in_their_domains(house: House, model: Path) -> None:
    sealed = house.publish(model)
    for segment in sealed.manifest.segments:
        store = house.folder / "stores" / segment.domain
        assert (store / segment.facts.object_name).is_file()
        assert segment.domain == segment.part
    assert len(objects(house.folder)) == len(sealed.manifest.segments)


def test_nothing_of_a_model_lies_in_the_clear(house: House, model: Path) -> None:
    house.publish(model)
    weights = (model / "model.safetensors").read_bytes()[-64:]
    secrets = [b"embed_tokens", b"hidden_size", weights]
    for path in objects(house.folder):
        data = path.read_bytes()
        assert not any(secret in data for secret in secrets)


def shares(house: House) -> list[bytes]:
    """Return every share of every segment, unwrapped at its custodian."""
    room = house.room.room
    custodians = {d.custodian.root_key_id: d.custodian for d in room.domains.values()}
    with room.ledger.database.reading() as connection:
        rows = connection.execute(sa.select(tables.wraps)).all()
    return [
        room.anchors.unwrap(
            custodians[row.root_key_id],
            bytes(row.wrapped),
            segment_context(
                room=room.settings.room,
                artifact=row.artifact,
                version=row.version,
                generation=row.generation,
                segment=row.segment,
                share=row.share,
                root_key_id=row.root_key_id,
            ),
        ).reveal()
        for row in rows
    ]


def test_every_segment_of_every_seal_has_a_share_and_a_salt_of_its_own(
    house: House, model: Path
) -> None:
    """A constant in place of either once went unseen: everything still opened."""
    seals = [house.publish(model), house.publish(model)]

    facts = [s.facts for sealed in seals for s in sealed.manifest.segments]
    found = shares(house)
    for fresh in (
        found,
        [fact.salt for fact in facts],
        [fact.commitment for fact in facts],
        [fact.object_name for fact in facts],
    ):
        assert len(set(fresh)) == len(fresh) == len(facts)
    assert {len(share) for share in found} == {32}
    assert min(len(set(share)) for share in found) > 8  # no constant, no counter
    assert min(len(set(fact.salt)) for fact in facts) > 8


def test_a_source_that_changes_fails_and_leaves_nothing(
    house: House, model: Path
) -> None:
    def change(_: int) -> None:
        with (model / "config.json").open("ab") as file:
            file.write(b" ")

    with pytest.raises(InputError, match="changed"):
        house.by("olga").seal(model, name="llm", progress=change)
    assert_abandoned(house)


def test_an_interrupt_removes_what_was_written(house: House, model: Path) -> None:
    seen: list[int] = []

    def interrupt(count: int) -> None:
        seen.append(count)
        if sum(seen) > 100_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        house.by("olga").seal(model, name="llm", progress=interrupt)
    assert_abandoned(house)
    assert house.publish(model).version.number == 2  # the number stays unused


def assert_abandoned(house: House) -> None:
    """Check that nothing is stored, and that the ledger says why."""
    assert objects(house.folder) == []
    assert states(house, "llm") == ["abandoned"]
    assert kinds(house)[-1] == "version.abandoned"
    with pytest.raises(MissingError, match="no main"):
        house.by("ana").request("llm", segments=["x"], purpose="x")


def test_a_store_that_fails_at_the_end_leaves_nothing_in_the_others(
    house: House, model: Path
) -> None:
    """Each domain's objects get their names together, but domain after domain."""
    first = house.publish(model).manifest.segments[-1]
    taken = house.folder / "stores" / first.domain / first.facts.object_name
    before = objects(house.folder)
    (taken.parent.parent / "2").write_bytes(b"in the way")

    with pytest.raises(ConflictError, match="is taken"):
        house.by("olga").seal(model, name="llm")

    (taken.parent.parent / "2").unlink()
    assert sorted(objects(house.folder)) == sorted(before)
    assert kinds(house)[-1] == "version.abandoned"


def test_a_locked_custodian_seals_nothing(house: House, model: Path) -> None:
    unlocked = house.room
    house.room.close()
    house.room = again(house.folder, house.clock, domains=("architecture",))
    with house.room, pytest.raises(UnavailableError, match="is locked"):
        house.by("olga").seal(model, name="llm")
    house.room = unlocked
    assert_abandoned(house)


def test_a_full_disk_fails_the_seal_and_loses_nothing(
    quick: Path, model: Path, clock: Clock
) -> None:
    rooms.solo(quick / "room", clock=clock).close()
    big = quick / "big.dat"
    big.write_bytes(os.urandom(3 << 20))
    with (
        small_disk(quick / "room" / "stores" / "home") as disk,
        again(quick / "room", clock) as room,
    ):
        with pytest.raises(UnavailableError, match=r"[Ss]pace"):
            room.seal(big, name="big")
        assert [path for path in disk.rglob("*") if path.is_file()] == []

        small = room.seal(model / "config.json", name="small")
        assert small.version.state is VersionState.PUBLISHED
        assert not room.records.verify().findings
