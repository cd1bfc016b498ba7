"""Everything that came in is called something, also what nothing became of."""

from __future__ import annotations

from pathlib import Path

from strongroom.client.called import Called
from strongroom.intake.additions import Addition
from strongroom.vault.drafts import SealOptions
from tests.intake.rooms import reading_here
from tests.journeys.rooms import House, write_foreign


def test_what_came_in_is_called_by_model_name_and_place(
    house: House, quick: Path
) -> None:
    intakes = reading_here(house.by("olga")).intakes
    foreign = write_foreign(quick / "foreign")
    bad = write_foreign(quick / "bad")
    (bad / "model.safetensors").write_bytes(b"nothing that is a model")

    passed = intakes.add(
        Addition(path=foreign, project="default", origin="a friend"),
        SealOptions(name="llm"),
    )
    refused = intakes.add(
        Addition(path=bad, project="default"), SealOptions(name="worse")
    )

    assert refused.sealed is None
    assert intakes.called([refused.intake, passed.intake]) == [
        Called(model="", name="worse", origin=str(bad)),
        Called(model="llm@1", name="llm", origin="a friend"),
    ]
