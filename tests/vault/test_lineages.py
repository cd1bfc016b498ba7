"""A lineage says with which version it began; one is never searched for."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.database import tables
from strongroom.errors import ConflictError, IntegrityError, MissingError
from strongroom.types import ArtifactId
from strongroom.vault.lineages import LINEAGES, begin_lineage, first_version
from strongroom.vault.vault import Sealed
from strongroom.vault.versions import ARTIFACTS, Artifact
from tests.journeys.rooms import House


def stored(house: House, artifact: Artifact) -> int | None:
    with house.room.room.ledger.reading() as reading:
        return LINEAGES.get(reading, artifact.id).first_version


def test_a_lineage_begins_when_its_first_version_is_published(
    house: House, model: Path
) -> None:
    sealed = house.by("olga").seal(model, name="llm")
    assert stored(house, sealed.artifact) is None
    assert sealed.request is not None

    house.by("ines").approve(sealed.request.id)

    assert stored(house, sealed.artifact) == 1
    with house.room.room.ledger.reading() as reading:
        assert first_version(reading, sealed.artifact.id).id == sealed.version.id


def test_a_later_version_and_a_fine_tune_do_not_change_it(
    house: House, model: Path
) -> None:
    first = house.publish(model)
    house.publish(model)
    tuned = house.publish(model, "tuned", parent="llm@2")

    assert stored(house, first.artifact) == 1
    assert tuned.artifact.roots == (first.artifact.id,)
    with house.room.room.ledger.reading() as reading:
        assert LINEAGES.find(reading, LINEAGES.columns.id == tuned.artifact.id) == []


def test_a_number_that_was_given_up_is_not_the_first(house: House, model: Path) -> None:
    refused = house.by("olga").seal(model, name="llm")
    assert refused.request is not None
    house.by("ines").decline(refused.request.id)

    second = house.publish(model)

    assert stored(house, second.artifact) == second.version.number == 2


def test_it_begins_once(house: House, model: Path) -> None:
    """Two first versions that waited at once: the second approval is refused."""
    sealed = house.publish(model)

    with pytest.raises(ConflictError, match="first version already"):
        begin_again(house, sealed)


def begin_again(house: House, sealed: Sealed) -> None:
    with house.room.room.ledger.transaction() as writing:
        artifact = ARTIFACTS.get(writing, sealed.artifact.id)
        begin_lineage(writing, artifact, sealed.version)


def test_a_lineage_of_which_nothing_is_published_has_no_first_version(
    house: House, model: Path
) -> None:
    sealed = house.by("olga").seal(model, name="llm")

    with (
        house.room.room.ledger.reading() as reading,
        pytest.raises(IntegrityError, match="is gone"),
    ):
        first_version(reading, sealed.artifact.id)


def test_what_is_no_lineage_is_missing(house: House) -> None:
    with (
        house.room.room.ledger.reading() as reading,
        pytest.raises(MissingError),
    ):
        first_version(reading, ArtifactId("model-x"))


def test_a_deleted_first_version_is_missed(house: House, model: Path) -> None:
    sealed = house.publish(model)
    with house.room.room.ledger.database.engine.begin() as connection:
        connection.execute(sa.delete(tables.versions))

    with (
        house.room.room.ledger.reading() as reading,
        pytest.raises(IntegrityError, match="was deleted"),
    ):
        first_version(reading, sealed.artifact.id)
