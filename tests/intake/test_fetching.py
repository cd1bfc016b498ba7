"""Who may take a model in fetches it from a hub, and the entry comes first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from strongroom.errors import DeniedError, IntegrityError
from strongroom.intake.additions import Addition
from strongroom.vault.drafts import SealOptions
from tests.intake.hub_server import ORIGIN, Repository, holding, serving
from tests.intake.rooms import reading_here
from tests.journeys.rooms import House


@pytest.fixture
def repository(quick: Path) -> Iterator[Repository]:
    folder = quick / "published"
    folder.mkdir()
    save_file({"w": np.arange(9_000, dtype="<f4")}, folder / "model.safetensors")
    with serving(holding(folder)) as found:
        yield found


def kept(house: House) -> list[dict[str, object]]:
    """Return the facts of the entries on what was fetched."""
    ledger = house.room.room.ledger
    with ledger.reading() as reading:
        bodies = [json.loads(entry.body) for entry in ledger.entries(reading, 0)]
    return [body["facts"] for body in bodies if body["kind"] == "intake.fetching"]


def test_what_a_hub_has_is_recorded_taken_in_and_gone_from_the_folder(
    house: House, repository: Repository
) -> None:
    intakes = reading_here(house.by("olga")).intakes

    with intakes.fetched(ORIGIN, repository.hub(), project="default") as folder:
        addition = Addition(path=folder, project="default", origin=ORIGIN.address)
        added = intakes.add(addition, SealOptions(name="llama"))

    assert added.sealed is not None
    assert isinstance(added.report, dict)
    assert added.report["origin"] == {
        "publisher": "acme",
        "repository": "acme/llama",
        "commit": ORIGIN.commit,
    }
    (facts,) = kept(house)
    assert facts["endpoint"] == repository.endpoint
    assert facts["hosts"] == [repository.endpoint, repository.elsewhere]
    assert facts["commit"] == ORIGIN.commit
    assert isinstance(facts["files"], list)
    assert [path for path, _, _ in facts["files"]] == ["model.safetensors"]
    assert list((house.folder / "quarantine").iterdir()) == []


def test_who_may_take_nothing_in_asks_no_hub(
    house: House, repository: Repository
) -> None:
    house.admit("kay", "keys")
    intakes = house.by("kay").intakes

    with (
        pytest.raises(DeniedError),
        intakes.fetched(ORIGIN, repository.hub(), project="default"),
    ):
        pass

    assert repository.seen == []


def test_what_is_not_as_it_was_listed_leaves_an_entry_and_no_file(
    house: House, repository: Repository
) -> None:
    data = repository.large["model.safetensors"]
    repository.served["model.safetensors"] = data[:-1] + b"?"

    with (
        pytest.raises(IntegrityError, match="not the file that the hub listed"),
        house.by("olga").intakes.fetched(ORIGIN, repository.hub(), project="default"),
    ):
        pass

    assert len(kept(house)) == 1
    assert list((house.folder / "quarantine").iterdir()) == []
