"""What is newer elsewhere is compared with what was admitted, and nothing is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from strongroom.client.intake import Added
from strongroom.errors import MissingError
from strongroom.vault.comparing import Compared, Comparing
from tests.intake.readers import examine
from tests.intake.rooms import add
from tests.journeys.rooms import House


def write_weights(folder: Path, **weights: float) -> Path:
    folder.mkdir(exist_ok=True)
    arrays = {name: np.full(9000, value, "<f4") for name, value in weights.items()}
    save_file(arrays, folder / "model.safetensors")
    return folder


@pytest.fixture
def added(house: House, quick: Path) -> Added:
    """Give a model of somebody else that was taken in and accepted."""
    done = add(house, write_weights(quick / "foreign", w=1, b=2, old=3))
    request = house.by("olga").intakes.accept(done.intake.id)
    house.by("ines").approve(request.id)
    return done


def compared(house: House, intake: str, path: Path) -> Compared:
    room = house.by("olga")
    folder = house.folder / "quarantine"
    parts = room.room
    comparing = Comparing(
        parts.gate, examine=examine, folder=folder, random=parts.random
    )
    found = comparing.run(room.actor, intake, path)
    assert list(folder.iterdir()) == []
    return found


def test_what_changed_and_what_descends_is_named(
    house: House, added: Added, quick: Path, model: Path
) -> None:
    house.by("olga").seal(model, name="tuned", parent="llm@1")
    newer = write_weights(quick / "newer", w=1, b=7, new=3)

    found = compared(house, added.intake.id, newer)

    assert found.outdated.files.changed == ("model.safetensors",)
    tensors = found.outdated.tensors
    assert tensors.changed == ("model.safetensors: b",)
    assert tensors.added == ("model.safetensors: new",)
    assert tensors.removed == ("model.safetensors: old",)
    assert (tensors.same, found.rebuild) == (1, ("tuned",))


def test_the_same_files_change_nothing(house: House, added: Added, quick: Path) -> None:
    found = compared(house, added.intake.id, quick / "foreign")

    assert found.outdated.files.nothing
    assert found.outdated.tensors.nothing


def test_what_is_not_known_is_not_compared(house: House, quick: Path) -> None:
    newer = write_weights(quick / "newer", w=1)
    with pytest.raises(MissingError):
        compared(house, "intake-none", newer)
