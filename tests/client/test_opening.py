"""Segments open on a permit, of the version it names, and of no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.client.client import Strongroom
from strongroom.client.opening import open_model
from strongroom.errors import DeniedError, MissingError
from strongroom.permits.permit import PermitRow
from tests.journeys.rooms import write_small_model


def permit_of(room: Strongroom, *segments: str, lineage: bool = False) -> PermitRow:
    """Return a permit of the owner for segments of ``llm``."""
    asked = room.request("llm", segments=segments, purpose="x", lineage=lineage)
    assert asked.permit is not None
    return asked.permit


@pytest.mark.parametrize(("name", "number"), [("llm@1", 1), ("llm", 2), (None, 2)])
def test_a_permit_for_a_lineage_opens_the_version_that_was_named(
    solo_room: Strongroom, model: Path, quick: Path, name: str | None, number: int
) -> None:
    solo_room.seal(model, name="llm")
    permit = permit_of(solo_room, "biases", lineage=True)
    solo_room.seal(write_small_model(quick / "other", seed=2), name="llm")

    handle = open_model(
        solo_room.room, solo_room.actor, permit, name=name, segments=(), arena=None
    )

    with handle:
        assert handle.manifest.version == number
        assert handle.segments == ("biases",)


def test_a_permit_for_a_version_opens_no_other_whatever_is_named(
    solo_room: Strongroom, model: Path, quick: Path
) -> None:
    solo_room.seal(model, name="llm")
    permit = permit_of(solo_room, "biases")
    solo_room.seal(write_small_model(quick / "other", seed=2), name="llm")

    handle = open_model(
        solo_room.room, solo_room.actor, permit, name="llm@2", segments=(), arena=None
    )

    with handle:
        assert handle.manifest.version == 1


# --- an attacker -----------------------------------------------------------------


@pytest.mark.parametrize("segment", ["head", "blocks.0", "none", ""])
def test_a_segment_that_the_permit_does_not_cover_stays_closed(
    solo_room: Strongroom, model: Path, segment: str
) -> None:
    solo_room.seal(model, name="llm")
    permit = permit_of(solo_room, "biases")

    with pytest.raises((DeniedError, MissingError)):
        open_model(
            solo_room.room,
            solo_room.actor,
            permit,
            name=None,
            segments=(segment,),
            arena=None,
        )
