"""Sealing: what is recorded, and what is left when it does not work out."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from strongroom.access.accounts import AccountState
from strongroom.client.client import Strongroom
from strongroom.errors import (
    ConflictError,
    DeniedError,
    InputError,
)
from strongroom.vault.garbage import collect_garbage
from strongroom.vault.vault import Sealed
from strongroom.vault.versions import VersionState
from tests.journeys.rooms import Clock, House, again, write_small_model
from tests.vault.stored import objects


@pytest.mark.parametrize("name", ["ana", "olga"])
def test_researchers_and_operators_seal(house: House, model: Path, name: str) -> None:
    assert house.publish(model, by=name).version.sealed_by == house.actors[name].account


@pytest.mark.parametrize("name", ["root", "ines", "ada"])
def test_others_do_not_seal(house: House, model: Path, name: str) -> None:
    with pytest.raises(DeniedError):
        house.by(name).seal(model, name="llm")
    assert objects(house.folder) == []


def test_a_suspended_sealer_publishes_nothing(house: House, model: Path) -> None:
    """Suspended while the bytes are sealed: the version is not published."""
    people, root = house.room.room.people, house.actors["root"]
    done: list[int] = []

    def suspend(_: int) -> None:
        if not done:
            done.append(1)
            people.change_state(root, "olga", AccountState.SUSPENDED)

    sealed = house.by("olga").seal(model, name="llm", progress=suspend)
    assert sealed.version.state is VersionState.PENDING


def test_a_pickle_is_refused_and_points_at_intake(house: House, model: Path) -> None:
    (model / "pytorch_model.bin").write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(InputError) as caught:
        house.by("olga").seal(model, name="llm")
    assert "intake" in f"{caught.value} {caught.value.hint}"
    assert objects(house.folder) == []


def test_a_seal_that_was_given_up_is_not_published(
    solo_room: Strongroom, model: Path, clock: Clock
) -> None:
    """Its objects may have been collected while it was still under way."""
    room = solo_room.room
    done: list[int] = []

    def a_day_later(_: int) -> None:
        if not done:
            done.append(1)
            clock.advance(hours=25)
            collect_garbage(room.ledger, room.domains, room.public_keys.manifest)

    with pytest.raises(ConflictError, match="given up"):
        solo_room.seal(model, name="llm", progress=a_day_later)
    (version,) = room.catalogue.versions(solo_room.actor, "llm")
    assert version.state is VersionState.ABANDONED


def test_two_seals_of_one_name_give_two_versions_or_a_conflict(
    house: House, model: Path, quick: Path
) -> None:
    sources = [model, write_small_model(quick / "other", seed=2)]
    sealed: list[Sealed] = []
    failed: list[BaseException] = []
    barrier = threading.Barrier(2)

    def seal(source: Path) -> None:
        with again(house.folder, house.clock) as room:
            bound = type(room)(room.room, house.actors["olga"])
            barrier.wait()
            try:
                sealed.append(bound.seal(source, name="llm"))
            except ConflictError as error:
                failed.append(error)

    threads = [threading.Thread(target=seal, args=(source,)) for source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(sealed) + len(failed) == 2
    assert sealed
    assert len({s.version.number for s in sealed}) == len(sealed)
    assert len({s.artifact.id for s in sealed}) == 1
