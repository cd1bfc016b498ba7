"""What a seal writes down."""

from __future__ import annotations

from pathlib import Path

from strongroom.vault.versions import VersionState
from tests.journeys.rooms import House
from tests.vault.stored import kinds, states


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
        "reference.moved",
    ]
