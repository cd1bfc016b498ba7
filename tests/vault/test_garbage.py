"""What an interrupted seal leaves is removed, and nothing that somebody may open."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.client.client import Strongroom
from strongroom.ledger.events import Event
from strongroom.types import id_bytes
from strongroom.vault.versions import VERSIONS, VersionState
from tests.journeys.fixtures import clock, model, quick, solo_room
from tests.journeys.rooms import Clock

__all__ = ["clock", "model", "quick", "solo_room"]


def stored(room: Strongroom) -> set[str]:
    """Return the names of all stored objects."""
    return {n for d in room.room.domains.values() for n in d.store.names()}


def begin_and_die(room: Strongroom, model: Path, name: str) -> None:
    """Leave a version as ``sealing``, as a kill in the middle does."""
    with pytest.raises(KeyboardInterrupt):
        room.seal(model, name=name, progress=_interrupt)
    with room.room.ledger.transaction() as writing:
        (version,) = VERSIONS.find(
            writing, VERSIONS.columns.state == VersionState.ABANDONED
        )
        VERSIONS.replace(writing, version, state=VersionState.SEALING)
        writing.append(
            Event(
                kind="version.abandoned",
                actor=None,
                facts={"artifact": version.artifact, "version": version.number},
            )
        )
    store = room.room.domains["home"].store
    store.write(f"{id_bytes(version.artifact).hex()}/{version.number}/aa", [b"half"])


def _interrupt(_: int) -> None:
    raise KeyboardInterrupt


def test_a_published_version_loses_nothing(solo_room: Strongroom, model: Path) -> None:
    solo_room.seal(model, name="llm")
    before = stored(solo_room)

    collected = solo_room.clean()

    assert (collected.versions, collected.objects) == (0, 0)
    assert stored(solo_room) == before
    assert solo_room.open("llm", purpose="test").check() > 0


def test_an_object_that_no_manifest_names_is_removed(
    solo_room: Strongroom, model: Path
) -> None:
    solo_room.seal(model, name="llm")
    before = stored(solo_room)
    solo_room.room.domains["home"].store.write("ff/1/stray", [b"stray"])

    assert solo_room.clean().objects == 1
    assert stored(solo_room) == before


def test_a_seal_under_way_is_left_alone_for_a_day(
    solo_room: Strongroom, model: Path, clock: Clock
) -> None:
    begin_and_die(solo_room, model, "llm")

    assert solo_room.clean().objects == 0
    clock.advance(hours=25)
    collected = solo_room.clean()

    assert (collected.versions, collected.objects) == (1, 1)
    assert stored(solo_room) == set()
    assert solo_room.records.verify().findings == ()
