"""Each seal has a number of its own, which nobody gets again."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.client.client import Strongroom
from strongroom.vault.versions import VERSIONS, VersionState


def test_the_number_of_a_seal_that_failed_is_not_given_again(
    solo_room: Strongroom, model: Path
) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        solo_room.seal(model, name="llm", progress=interrupt)

    assert solo_room.seal(model, name="llm").version.number == 2
    with solo_room.room.ledger.reading() as reading:
        states = {v.number: v.state for v in VERSIONS.find(reading)}
    assert states == {1: VersionState.ABANDONED, 2: VersionState.PUBLISHED}


def test_the_class_of_a_seal_that_failed_does_not_stay(
    solo_room: Strongroom, model: Path
) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        solo_room.seal(
            model, name="llm", classification="restricted", progress=interrupt
        )

    sealed = solo_room.seal(model, name="llm", classification="internal")

    assert sealed.artifact.classification == "internal"
    assert sealed.manifest.classification == "internal"
