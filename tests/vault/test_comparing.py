"""What is newer elsewhere is compared with what was admitted, and nothing is kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from strongroom.client.intake import Added
from strongroom.errors import MissingError
from strongroom.intake.additions import Addition
from strongroom.intake.examining import Examine
from strongroom.intake.rewriting import Options
from strongroom.vault.comparing import Compared, Comparing
from strongroom.vault.drafts import SealOptions
from tests.intake.readers import examine, read_here
from tests.intake.rooms import add, reading_here
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


def compared(
    house: House, intake: str, path: Path, *, examine: Examine = examine
) -> Compared:
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


def test_what_was_left_out_is_left_out_of_the_newer_files_too(
    house: House, quick: Path
) -> None:
    folder = write_weights(quick / "foreign", w=1)
    (folder / "evil.py").write_text("import os")
    options = Options(left_out=("*.py",))
    done = reading_here(house.by("olga"), reads=read_here).intakes.add(
        Addition(path=folder, project="default", options=options),
        SealOptions(name="llm"),
    )

    found = compared(house, done.intake.id, folder, examine=read_here)

    assert (found.outdated.refused, found.outdated.files.nothing) == ((), True)


def test_what_is_not_known_is_not_compared(house: House, quick: Path) -> None:
    newer = write_weights(quick / "newer", w=1)
    with pytest.raises(MissingError):
        compared(house, "intake-none", newer)
