"""Exposure caps change as asked, once others agree, and are in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.errors import InputError
from strongroom.vault.caps import check_caps
from strongroom.vault.lineages import LINEAGES
from tests.journeys.rooms import House


@pytest.mark.parametrize(("person", "pair"), [(1, 1), (25, 45), (98, 99), (99, 99)])
def test_caps_in_order_can_be_asked_for(person: int, pair: int) -> None:
    check_caps(person=person, pair=pair)


@pytest.mark.parametrize(
    ("person", "pair"), [(0, 10), (30, 20), (50, 100), (-5, 5), (101, 102)]
)
def test_caps_that_are_not_in_order_are_refused(person: int, pair: int) -> None:
    with pytest.raises(InputError, match="not in order"):
        check_caps(person=person, pair=pair)


def test_agreed_caps_are_those_of_the_lineage(house: House, model: Path) -> None:
    house.publish(model)
    catalogue = house.room.room.catalogue
    request = catalogue.change_caps(house.actors["root"], "llm", person=30, pair=50)

    house.by("ines").approve(request.id)

    with house.room.room.ledger.reading() as reading:
        (lineage,) = LINEAGES.find(reading)
    assert (lineage.person_cap_percent, lineage.pair_cap_percent) == (30, 50)
