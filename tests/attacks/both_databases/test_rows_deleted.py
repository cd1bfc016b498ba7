"""Deleted rows that would let a name begin anew: the administrator and an insider."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.database import tables
from strongroom.errors import ConflictError, IntegrityError, StrongroomError
from tests.attacks.both_databases.administrator import Administrator
from tests.journeys.rooms import House, write_small_model

BESIDE_ROWS = (tables.manifests, tables.wraps)
OF_A_MODEL = (
    tables.model_references,
    tables.versions,
    tables.artifacts,
    tables.lineages,
)


def first_segment(house: House, target: str = "llm") -> str:
    described = house.room.room.catalogue.show(house.actors["olga"], target)
    return described.manifest.segments[0].name


@pytest.mark.parametrize("table", OF_A_MODEL, ids=lambda table: str(table.name))
def test_a_name_whose_rows_were_deleted_begins_no_lineage(
    house: House, model: Path, table: sa.Table
) -> None:
    """ATT&CK T1485: once, everybody's exposure to the next version was nothing."""
    house.publish(model)

    Administrator.of(house).execute(sa.delete(table))

    with pytest.raises(IntegrityError, match="was deleted"):
        house.publish(model)


def test_a_model_is_not_reclassified_by_deleting_what_main_names(
    house: House, model: Path, quick: Path
) -> None:
    """ATT&CK T1485: the class of the artifact is that of its published versions.

    Once, a name without ``main`` belonged to whoever sealed next, class included.
    """
    house.publish(model)
    house.refresh()
    admin = Administrator.of(house)
    admin.hide(tables.model_references)  # with its naming

    noise = write_small_model(quick / "noise", seed=9, blocks=1)
    with pytest.raises(IntegrityError, match="main of llm is gone"):
        house.by("olga").seal(noise, name="llm", classification="open")


def test_a_model_that_is_hidden_whole_comes_back_with_what_everybody_holds(
    house: House, model: Path
) -> None:
    """ATT&CK T1485: its id follows from its name, so the lineage is the same."""
    first = house.publish(model)
    house.refresh()
    house.by("ana").open(house.permit("ana", first_segment(house)).id).close()
    house.clock.advance(hours=5)  # the permit is over; what was released stays
    house.refresh()
    admin = Administrator.of(house)
    for table in OF_A_MODEL:
        admin.hide(table)
    admin.execute(*(sa.delete(table) for table in BESIDE_ROWS))

    second = house.publish(model)

    assert second.artifact.roots == first.artifact.roots
    report = house.by("ada").records.exposure("llm")
    assert [holder.name for holder in report.holders if holder.released] == ["ana"]
    assert house.by("ada").records.verify().findings


def test_a_hidden_artifact_alone_cannot_be_made_again(
    house: House, model: Path
) -> None:
    """ATT&CK T1485: its lineage and its versions still stand there."""
    house.publish(model)
    Administrator.of(house).hide(tables.artifacts)

    with pytest.raises(ConflictError):
        house.publish(model)


def test_a_hidden_first_version_does_not_raise_the_cap(
    house: House, model: Path
) -> None:
    """ATT&CK T1485: caps are a share of what the lineage began with."""
    house.publish(model)
    house.publish(model)
    house.refresh()
    segment = first_segment(house, "llm@2")
    Administrator.of(house).hide(tables.versions, tables.versions.c.number == 1)

    with pytest.raises(IntegrityError, match="first version"):
        house.permit("ana", segment, target="llm@2")


def test_two_names_are_two_lineages(house: House, model: Path) -> None:
    """The control: nothing of one name is refused because of another."""
    one, other = house.publish(model), house.publish(model, "other")
    again = house.publish(model)

    assert one.artifact == again.artifact
    assert one.artifact.roots != other.artifact.roots
    with pytest.raises(StrongroomError):
        house.publish(model, "other", classification="open")
