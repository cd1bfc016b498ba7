"""A hub is asked about what was accepted from it, and the entry comes first."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from strongroom.errors import DeniedError, InputError, MissingError, UnavailableError
from strongroom.intake.additions import Addition
from strongroom.intake.upstreams import Standing
from strongroom.vault.drafts import SealOptions
from tests.intake.hub_server import ORIGIN, Repository, holding, serving
from tests.intake.rooms import reading_here
from tests.journeys.rooms import House

LATER = "b2" * 20


def written(folder: Path, value: float) -> Path:
    folder.mkdir()
    save_file({"w": np.full(9_000, value, "<f4")}, folder / "model.safetensors")
    return folder


@pytest.fixture
def admitted(house: House, quick: Path) -> str:
    """Give the id of what was accepted from a commit."""
    addition = Addition(
        path=written(quick / "old", 1), project="default", origin=ORIGIN.address
    )
    olga = reading_here(house.by("olga"))
    added = olga.intakes.add(addition, SealOptions(name="llama"))
    request = olga.intakes.accept(added.intake.id)
    house.by("ines").approve(request.id)
    return added.intake.id


def asking(house: House) -> list[dict[str, object]]:
    """Return the facts of the entries on what was asked."""
    ledger = house.room.room.ledger
    with ledger.reading() as reading:
        bodies = [json.loads(entry.body) for entry in ledger.entries(reading, 0)]
    return [body["facts"] for body in bodies if body["kind"] == "intake.asking"]


def test_what_is_newer_is_told_with_what_descends_and_leaves_an_entry(
    house: House, admitted: str, quick: Path, model: Path
) -> None:
    house.by("olga").seal(model, name="tuned", parent="llama@1")
    hub = holding(quick / "old")
    hub.newest = holding(written(quick / "new", 2))
    hub.newest.commit = LATER

    with serving(hub):
        (found,) = house.by("olga").intakes.newest(hub.hub())

    assert (found.standing, found.came.intake.id) == (Standing.NEWER, admitted)
    assert (found.came.model, found.rebuild) == ("llama@1", ("tuned",))
    assert found.changes is not None
    assert found.changes.files.changed == ("model.safetensors",)
    assert asking(house) == [{"endpoint": hub.endpoint, "repositories": ["acme/llama"]}]
    assert list((house.folder / "quarantine").iterdir()) == []


def test_a_hub_that_does_not_answer_leaves_an_entry_and_an_error(
    house: House, admitted: str
) -> None:
    with serving(Repository()) as gone:
        pass

    (found,) = house.by("olga").intakes.newest(gone.hub(), admitted)

    assert found.standing is Standing.UNKNOWN
    assert isinstance(found.newest, UnavailableError)
    assert len(asking(house)) == 1


def test_nobody_is_asked_for_somebody_who_may_not_or_about_what_is_from_elsewhere(
    house: House, admitted: str, quick: Path
) -> None:
    house.admit("rita", "researcher")
    addition = Addition(path=written(quick / "own", 3), project="default")
    other = reading_here(house.by("olga")).intakes.add(
        addition, SealOptions(name="own")
    )
    with serving(Repository()) as hub:
        with pytest.raises(DeniedError):
            house.by("rita").intakes.newest(hub.hub(), admitted)
        with pytest.raises(MissingError):
            house.by("olga").intakes.newest(hub.hub(), "intake-none")
        with pytest.raises(InputError, match="from which hub"):
            house.by("olga").intakes.newest(hub.hub(), other.intake.id)

        assert hub.seen == []
    assert asking(house) == []
