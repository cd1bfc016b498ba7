"""Sealing: what is recorded, and what is left when it does not work out."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from strongroom.access.accounts import AccountState
from strongroom.client.client import Strongroom
from strongroom.errors import (
    ConflictError,
    DeniedError,
    InputError,
    MissingError,
    UnavailableError,
)
from strongroom.ledger.log import Entry
from strongroom.vault.drafts import Wish
from strongroom.vault.garbage import collect_garbage
from strongroom.vault.vault import Sealed
from strongroom.vault.versions import VersionState
from tests.conftest import require
from tests.journeys import rooms
from tests.journeys.rooms import Clock, House, again, write_small_model


def kinds(house: House) -> list[str]:
    """Return the kinds of all entries, in order."""
    ledger = house.room.room.ledger

    def kind(entry: Entry) -> str:
        return str(json.loads(entry.body)["kind"])

    with ledger.reading() as reading:
        return [kind(entry) for entry in ledger.entries(reading, 0)]


def objects(folder: Path) -> list[Path]:
    """Return every sealed object and unfinished file in the stores."""
    return [path for path in (folder / "stores").rglob("*") if path.is_file()]


def states(house: House, name: str) -> list[str]:
    """Return the states of a model's versions."""
    found = house.room.room.catalogue.versions(house.actors["root"], name)
    return [str(version.state) for version in found]


def test_a_sealed_version_waits_for_somebody_elses_word(
    house: House, model: Path
) -> None:
    sealed = house.by("olga").seal(model, name="llm")
    assert sealed.request is not None
    assert sealed.version.state is VersionState.PENDING
    assert states(house, "llm") == ["pending"]

    house.by("ines").approve(sealed.request.id)

    assert states(house, "llm") == ["published"]
    assert kinds(house)[-3:] == [
        "request.approved",
        "version.published",
        "pointer.moved",
    ]


def test_a_further_version_needs_nobody(house: House, model: Path) -> None:
    house.publish(model)
    second = house.by("olga").seal(model, name="llm")

    assert second.version.state is VersionState.PUBLISHED
    assert second.version.parent == f"{second.artifact.id}/1"


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


# --- names and wishes ------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["", "..", "a/b", "../x", "x" * 300, "a@b", "a\x00b", " ", "a\nb", "\u202egpj"],
)
def test_a_name_that_is_none_is_refused(house: House, model: Path, name: str) -> None:
    with pytest.raises(InputError):
        house.room.room.vault.seal(house.actors["olga"], model, Wish(name=name))
    assert objects(house.folder) == []


def test_a_model_cannot_be_called_by_anothers_id(house: House, model: Path) -> None:
    """Whatever a model is called, an id means the model that has it."""
    first = house.publish(model)
    try:
        house.publish(model, first.artifact.id)
    except InputError:
        return
    shown = house.room.room.catalogue.show(house.actors["ana"], first.artifact.id)
    assert shown.artifact.id == first.artifact.id


def test_a_class_below_is_refused_and_another_class_of_the_same_name_too(
    house: House, model: Path
) -> None:
    house.publish(model)
    with pytest.raises(InputError, match="all its versions are"):
        house.by("olga").seal(model, name="llm", classification="internal")


def test_a_name_does_not_change_its_family(house: House, model: Path) -> None:
    house.publish(model)
    house.publish(model, "other")
    with pytest.raises(InputError, match="does not descend from"):
        house.by("olga").seal(model, name="llm", parent="other")


# --- bad sources -----------------------------------------------------------------


def test_a_pickle_is_refused_and_points_at_intake(house: House, model: Path) -> None:
    (model / "pytorch_model.bin").write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(InputError) as caught:
        house.by("olga").seal(model, name="llm")
    assert "intake" in f"{caught.value} {caught.value.hint}"
    assert objects(house.folder) == []


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


def test_a_locked_custodian_seals_nothing(house: House, model: Path) -> None:
    unlocked = house.room
    house.room.close()
    house.room = again(house.folder, house.clock, domains=("architecture",))
    with house.room, pytest.raises(UnavailableError, match="is locked"):
        house.by("olga").seal(model, name="llm")
    house.room = unlocked
    assert_abandoned(house)


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


# --- a full disk -----------------------------------------------------------------


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Give a file system of one megabyte."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    require("a file system that root mounts", present=mounted.returncode == 0)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


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
