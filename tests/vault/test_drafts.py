"""What is to be sealed, and what contradicts what exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.errors import (
    InputError,
)
from strongroom.vault.drafts import SealOptions
from strongroom.vault.versions import VersionState
from tests.journeys.rooms import House
from tests.vault.stored import objects


def test_a_further_version_needs_nobody(house: House, model: Path) -> None:
    house.publish(model)
    second = house.by("olga").seal(model, name="llm")

    assert second.version.state is VersionState.PUBLISHED
    assert second.version.parent == f"{second.artifact.id}/1"


@pytest.mark.parametrize(
    "name",
    ["", "..", "a/b", "../x", "x" * 300, "a@b", "a\x00b", " ", "a\nb", "\u202egpj"],
)
def test_a_name_that_is_none_is_refused(house: House, model: Path, name: str) -> None:
    with pytest.raises(InputError):
        house.room.room.vault.seal(house.actors["olga"], model, SealOptions(name=name))
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
