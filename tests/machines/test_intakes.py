"""Intakes from received to accepted or refused, and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from safetensors.numpy import save_file

from strongroom.client.client import Strongroom
from strongroom.intake.additions import Addition
from strongroom.intake.intakes import INTAKES
from strongroom.types import ArtifactId
from strongroom.vault.drafts import SealOptions
from strongroom.vault.versions import find_version
from tests.intake.rooms import reading_here
from tests.journeys.rooms import House
from tests.machines.running import run, works

ADDER, APPROVER = "olga", "ines"


class Intakes(RuleBasedStateMachine):
    """Add, accept, agree, decline, refuse, recall; one model after the other."""

    house: House
    folder: Path
    count = 0

    def __init__(self) -> None:
        super().__init__()
        self.house.refresh()
        self.state = ""
        self.request = ""
        self.intake = ""
        self.name = ""
        self.artifact = ArtifactId("")

    def by(self, name: str) -> Strongroom:
        return reading_here(self.house.by(name))

    @precondition(lambda self: self.state in {"", "refused"})
    @rule()
    def add(self) -> None:
        type(self).count += 1
        self.name = f"m{self.count}"
        weights = {"w": np.full(50_000, self.count, dtype="<f4")}
        save_file(weights, self.folder / "model.safetensors")
        added = self.by(ADDER).intakes.add(
            Addition(path=self.folder, project="default"), SealOptions(name=self.name)
        )
        assert added.sealed is not None
        self.intake, self.artifact = added.intake.id, added.sealed.artifact.id
        self.state, self.request = "waiting", ""

    @precondition(lambda self: self.intake)
    @rule()
    def accept(self) -> None:
        expected = self.state == "waiting" and not self.request
        assert works(self.ask) is expected

    def ask(self) -> None:
        self.request = self.by(ADDER).intakes.accept(self.intake).id

    @precondition(lambda self: self.request)
    @rule()
    def agree(self) -> None:
        self.by(APPROVER).approve(self.request)
        self.state, self.request = "accepted", ""

    @precondition(lambda self: self.request)
    @rule()
    def decline(self) -> None:
        self.by(APPROVER).decline(self.request)
        self.state, self.request = "refused", ""

    @precondition(lambda self: self.intake)
    @rule()
    def refuse(self) -> None:
        done = works(lambda: self.by(ADDER).intakes.refuse(self.intake))
        assert done == (self.state == "waiting" and not self.request)
        if done:
            self.state = "refused"

    @precondition(lambda self: self.intake)
    @rule()
    def recall(self) -> None:
        room = self.house.room.room
        with room.ledger.transaction() as writing:
            found = room.outside.admission.recall(
                writing, [self.artifact], advisory="A-1", reason=""
            )
        assert bool(found) is (self.state == "accepted" or bool(self.request))
        if found:
            self.state, old, self.request = "waiting", self.request, ""
            assert not old or not works(lambda: self.by(APPROVER).approve(old))

    @invariant()
    def state_is_the_models(self) -> None:
        if not self.intake:
            return
        ledger = self.house.room.room.ledger
        with ledger.reading() as reading:
            assert INTAKES.get(reading, self.intake).state == self.state
            asked = works(lambda: find_version(reading, f"{self.name}@1"))
        assert asked is (self.state == "accepted")


def test_intakes_move_as_the_model_says(
    house: House, on: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    Intakes.house = house
    Intakes.folder = tmp_path_factory.mktemp("foreign")

    run(Intakes, on, examples=4, steps=12)
