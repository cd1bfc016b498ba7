"""A second reader of coordinates and footprints agrees with every vector."""

from __future__ import annotations

import pytest

from tests.specification import exposure
from tests.specification.pages import Document, RefusedError, vector

FOOTPRINTS = vector("footprints")


def named(case: Document) -> str:
    return str(case["what"])


def test_coordinates_are_the_published_ones() -> None:
    key = bytes.fromhex(FOOTPRINTS["coordinate_key"])
    for case in FOOTPRINTS["coordinates"]:
        place, tensor, alone = (case[name] for name in ("place", "tensor", "alone"))
        found = exposure.coordinate(key, place, tensor, alone=alone)
        assert found.hex() == case["coordinate"]


def test_footprints_are_read_as_published() -> None:
    for case in FOOTPRINTS["footprints"]:
        encoded, name = (bytes.fromhex(case[x]) for x in ("encoded", "digest"))

        found = exposure.footprint(encoded, name)

        assert sum(one.end - one.start for one in found) == case["bytes"]
        assert {one.name.hex() for one in found} <= {x[0] for x in case["extents"]}


@pytest.mark.parametrize("case", FOOTPRINTS["refused"], ids=named)
def test_a_footprint_that_must_be_refused_is(case: Document) -> None:
    with pytest.raises(RefusedError):
        exposure.footprint(
            bytes.fromhex(case["encoded"]), bytes.fromhex(case["digest"])
        )
