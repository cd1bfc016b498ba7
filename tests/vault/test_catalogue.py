"""Published versions: who sees them, and what ``main`` and ``prod`` mean."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.database import tables
from strongroom.errors import (
    ConflictError,
    DeniedError,
    InputError,
    IntegrityError,
    MissingError,
)
from strongroom.types import Role
from strongroom.vault.catalogue import Catalogue
from strongroom.vault.vault import Sealed
from strongroom.vault.versions import VERSIONS, find_version
from tests.journeys.rooms import House, write_small_model
from tests.ledger.world import event


@pytest.fixture
def two(house: House, model: Path, quick: Path) -> tuple[Sealed, Sealed]:
    """Seal two versions of one model."""
    other = write_small_model(quick / "other", seed=2)
    return house.publish(model), house.publish(other)


def catalogue(house: House) -> Catalogue:
    """Return what there is."""
    return house.room.room.catalogue


def means(house: House, target: str) -> int:
    """Return the version that a name means."""
    with house.room.room.ledger.reading() as reading:
        return find_version(reading, target)[1].number


def newest(house: House) -> dict[str, object]:
    """Return the newest entry."""
    entry = house.by("ines").records.tail(1)[0]
    found: dict[str, object] = json.loads(entry.body)
    return found


def flip(path: Path, at: int) -> None:
    """Flip one bit of a stored object."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)


def test_main_is_the_newest_published(house: House, two: tuple[Sealed, Sealed]) -> None:
    assert means(house, "llm") == means(house, "llm@main") == 2
    assert means(house, "llm@1") == means(house, "llm@v1") == 1


def test_going_back_is_recorded(house: House, two: tuple[Sealed, Sealed]) -> None:
    catalogue(house).point(house.actors["olga"], "llm@1", "main", reason="worse")

    assert means(house, "llm") == 1
    entry = newest(house)
    assert entry["kind"] == "reference.moved"
    facts = entry["facts"]
    assert isinstance(facts, dict)
    assert (facts["version"], facts["previous"]) == (1, 2)
    assert "worse" not in json.dumps(entry)


def test_prod_moves_after_every_byte_was_read(
    house: House, two: tuple[Sealed, Sealed]
) -> None:
    read: list[int] = []
    with pytest.raises(MissingError, match="no prod"):
        means(house, "llm@prod")

    catalogue(house).point(house.actors["olga"], "llm@2", "prod", progress=read.append)

    assert means(house, "llm@prod") == 2
    assert sum(read) == sum(s.facts.length for s in two[1].manifest.segments)
    kinds = [json.loads(e.body)["kind"] for e in house.by("ines").records.tail(2)]
    assert kinds == ["version.verified", "reference.moved"]


def test_prod_does_not_move_to_what_a_past_reader_wrote(
    house: House, two: tuple[Sealed, Sealed]
) -> None:
    """Who once had the key can write a record that opens; the digest tells."""
    segment = two[1].manifest.segments[-1]
    path = house.folder / "stores" / segment.domain / segment.facts.object_name
    flip(path, segment.facts.length // 2)

    with pytest.raises(IntegrityError):
        catalogue(house).point(house.actors["olga"], "llm@2", "prod")
    with pytest.raises(MissingError):
        means(house, "llm@prod")


def test_prod_moves_to_what_was_verified_and_not_to_a_newer_main(
    house: House, two: tuple[Sealed, Sealed]
) -> None:
    """Main moves while the bytes are read: prod once followed it unverified."""
    moved: list[int] = []

    def move(_: int) -> None:
        if not moved:
            moved.append(1)
            catalogue(house).point(house.actors["olga"], "llm@1", "main")

    catalogue(house).point(house.actors["olga"], "llm", "prod", progress=move)

    assert means(house, "llm") == 1
    assert means(house, "llm@prod") == 2


def test_prod_does_not_move_to_what_was_sealed_anew_after_the_check(
    house: House, two: tuple[Sealed, Sealed]
) -> None:
    """The check pinned the number only: prod could name bytes that nobody read."""
    ledger = house.room.room.ledger
    changed: list[int] = []

    def seal_anew(_: int) -> None:
        if changed:
            return
        changed.append(1)
        with ledger.transaction() as writing:
            version = find_version(writing, "llm@2")[1]
            VERSIONS.replace(writing, version, generation=version.generation + 1)
            writing.append(event())

    with pytest.raises(ConflictError, match="sealed anew"):
        catalogue(house).point(
            house.actors["olga"], "llm@2", "prod", progress=seal_anew
        )

    with pytest.raises(MissingError):
        means(house, "llm@prod")


@pytest.mark.parametrize("name", ["ana", "root", "ines", "ada"])
def test_only_operators_move_references(
    house: House, two: tuple[Sealed, Sealed], name: str
) -> None:
    with pytest.raises(DeniedError):
        catalogue(house).point(house.actors[name], "llm@1", "main")


def test_other_references_do_not_exist(
    house: House, two: tuple[Sealed, Sealed]
) -> None:
    with pytest.raises(InputError, match="no reference"):
        catalogue(house).point(house.actors["olga"], "llm@1", "staging")


def test_a_version_nobody_agreed_to_is_no_target(house: House, model: Path) -> None:
    house.by("olga").seal(model, name="llm")
    with pytest.raises(MissingError):
        catalogue(house).point(house.actors["olga"], "llm@1", "main")


def test_everybody_of_the_project_sees_its_models(
    house: House, two: tuple[Sealed, Sealed]
) -> None:
    ((artifact, references),) = catalogue(house).all(house.actors["ana"])
    assert artifact.name == "llm"
    assert [(p.name, p.version) for p in references] == [("main", 2)]


def test_strangers_see_nothing_and_still_get_a_list(
    house: House, two: tuple[Sealed, Sealed]
) -> None:
    """One model of another project once refused the whole list."""
    house.admit("eve", "delta", Role.RESEARCHER)
    assert catalogue(house).all(house.actors["eve"]) == []
    with pytest.raises(DeniedError):
        catalogue(house).show(house.actors["eve"], "llm")
    with pytest.raises(DeniedError):
        catalogue(house).versions(house.actors["eve"], "llm")
    with pytest.raises(DeniedError):
        catalogue(house).verify(house.actors["eve"], "llm", progress=lambda _: None)


def test_names_of_what_came_in_are_for_those_who_may_read_it(
    house: House, two: tuple[Sealed, Sealed]
) -> None:
    version = two[0].version.id

    house.admit("kim", "delta", Role.KEY_HOLDER)
    asked = {version, "model-x/1", ""}

    found = catalogue(house).called(house.actors["olga"], asked)

    assert found == {version: "llm@1"}
    with pytest.raises(DeniedError):
        catalogue(house).called(house.actors["kim"], asked)


def test_an_ended_session_gets_no_list(
    house: House, two: tuple[Sealed, Sealed]
) -> None:
    house.by("ana").logout()
    with pytest.raises(DeniedError, match="ended"):
        catalogue(house).all(house.actors["ana"])


def test_a_deep_check_names_the_object_that_is_gone(
    house: House, two: tuple[Sealed, Sealed]
) -> None:
    segment = two[0].manifest.segments[0]
    (house.folder / "stores" / segment.domain / segment.facts.object_name).unlink()
    with pytest.raises(MissingError):
        catalogue(house).verify(house.actors["olga"], "llm@1", progress=lambda _: None)


@pytest.mark.parametrize("name", ["ana", "olga", "ada"])
def test_only_administrators_ask_for_other_caps(
    house: House, two: tuple[Sealed, Sealed], name: str
) -> None:
    with pytest.raises(DeniedError):
        catalogue(house).change_caps(house.actors[name], "llm", person=30, pair=50)


# --- an attacker -----------------------------------------------------------------


def test_a_reference_turned_in_the_database_is_refused(
    house: House, two: tuple[Sealed, Sealed]
) -> None:
    _execute(house, sa.update(tables.model_references).values(version=1))
    with pytest.raises(IntegrityError, match="not written by this room"):
        means(house, "llm")


def test_a_manifest_that_is_gone_is_missing(
    house: House, two: tuple[Sealed, Sealed]
) -> None:
    _execute(house, sa.delete(tables.manifests))
    with pytest.raises(MissingError, match="is gone"):
        catalogue(house).show(house.actors["ana"], "llm")


def _execute(house: House, statement: sa.Executable) -> None:
    with house.room.room.ledger.database.engine.begin() as connection:
        connection.execute(statement)
