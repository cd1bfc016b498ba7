"""What comes in after a bundle was taken is judged by it, then and when accepted."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from strongroom.crypto.signing import SigningKey
from strongroom.errors import DeniedError, SetupError
from strongroom.intake.intakes import IntakeState
from strongroom.intake.known_bad import KnownBad
from strongroom.types import Secret
from tests.intake.advising import KNOWN_BAD, bundle, judging, reaudit
from tests.intake.rooms import add
from tests.journeys.rooms import House


@pytest.fixture
def foreign(quick: Path) -> Path:
    """Give a file with weights of somebody else."""
    path = quick / "model.safetensors"
    save_file({"w": np.arange(9000, dtype="<f4")}, path)
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_an_advisory_names_is_refused_when_it_comes(
    house: House, foreign: Path
) -> None:
    reaudit(house, bundle(house, files=[digest(foreign)]))

    added = add(house, foreign, known_bad=KNOWN_BAD)

    assert (added.intake.state, added.sealed) == (IntakeState.REFUSED, None)
    assert isinstance(added.report, dict)
    (hit,) = [f for f in added.report["findings"] if f["level"] == "error"]
    assert hit["rule"] == "advisory/hit"
    assert "SRA-2026-1" in hit["message"]


def test_what_no_advisory_names_comes_in(house: House, foreign: Path) -> None:
    reaudit(house, bundle(house, files=["00" * 32]))

    added = add(house, foreign, known_bad=KNOWN_BAD)

    house.by("ines").approve(judging(house).intakes.accept(added.intake.id).id)


def test_what_was_examined_before_the_bundle_is_not_accepted_unseen(
    house: House, foreign: Path
) -> None:
    """It came in while the bundle was taken: judging again did not see it yet."""
    added = add(house, foreign)
    data, room = bundle(house, files=[digest(foreign)]), judging(house)
    with room.room.ledger.transaction() as writing:
        KNOWN_BAD.take(writing, room.actor, data, KNOWN_BAD.open(data))
    accept = room.intakes.accept

    with pytest.raises(DeniedError, match="SRA-2026-1") as denied:
        accept(added.intake.id)
    assert denied.value.reasons == ("SRA-2026-1",)

    assert [f.rule for _, f in reaudit(house).findings] == ["advisory/hit"]
    house.by("ines").approve(accept(added.intake.id).id)  # knowing it


def test_another_key_in_the_file_lets_nothing_in(house: House, foreign: Path) -> None:
    added = add(house, foreign)
    reaudit(house, bundle(house, files=["00" * 32]))
    other = KnownBad(key=SigningKey(Secret(bytes(32))).public)
    save_file({"w": np.arange(9, dtype="<f4")}, foreign)

    with pytest.raises(SetupError, match="pins another key"):
        add(house, foreign, name="next", known_bad=other)
    with pytest.raises(SetupError, match="pins another key"):
        judging(house, known_bad=other).intakes.accept(added.intake.id)
