"""Whoever begins a lineage, or names a parent, gains nothing that was not theirs."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from strongroom.access.projects import Membership
from strongroom.errors import ConflictError, DeniedError, InputError, MissingError
from strongroom.permits.holdings import sealer
from strongroom.types import ArtifactId
from strongroom.vault.vault import Sealed
from tests.journeys.rooms import House, tensors, write_small_model


@pytest.fixture
def noise(quick: Path) -> Path:
    """Give a folder with a model of no use."""
    return write_small_model(quick / "noise", seed=9, blocks=1)


def approve(house: House, sealed: Sealed) -> None:
    assert sealed.request is not None
    house.by("ines").approve(sealed.request.id)


def sealer_of(house: House, root: ArtifactId) -> str:
    with house.room.room.ledger.reading() as reading:
        account = sealer(reading, root)
    return next(
        name for name, actor in house.actors.items() if actor.account == account
    )


def interrupt(_: int) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("kind", ["sqlite"])
def test_an_interrupted_fine_tune_does_not_make_an_origin_holder(
    house: House, model: Path, noise: Path
) -> None:
    """ATLAS AML.T0044: once, it left a name with another model's root.

    The next seal under that name had no parent, so its sealer had "begun" the
    other lineage, and stood outside its caps.
    """
    first = house.publish(model)
    with pytest.raises(KeyboardInterrupt):
        house.by("ana").seal(noise, name="tuned", parent="llm@1", progress=interrupt)

    with pytest.raises(InputError, match="descends from another model"):
        house.by("ana").seal(noise, name="tuned")

    assert sealer_of(house, first.artifact.id) == "olga"


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_refused_seal_does_not_decide_the_class_of_another(
    house: House, model: Path, noise: Path
) -> None:
    """ATT&CK T1036: once, a name stayed with the class of its first, refused seal."""
    refused = house.by("ana").seal(noise, name="next", classification="open")
    assert refused.request is not None
    house.by("ines").decline(refused.request.id)

    sealed = house.by("olga").seal(model, name="next")
    approve(house, sealed)

    assert sealed.artifact.classification == "restricted"
    with pytest.raises(DeniedError):
        house.by("ben").open("next")


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_name_that_somebody_squats_on_is_not_shared(
    house: House, model: Path, noise: Path
) -> None:
    """ATT&CK T1036: once, both had begun the lineage, and both stood outside."""
    squatted = house.by("ana").seal(noise, name="next")

    with pytest.raises(ConflictError, match="waits to be published"):
        house.by("olga").seal(model, name="next")

    approve(house, squatted)
    assert sealer_of(house, squatted.artifact.id) == "ana"


def test_a_name_taken_while_another_seals_does_not_decide_its_class(
    house: House, model: Path, noise: Path
) -> None:
    """ATT&CK T1036: the class stands in one row for every version of the name.

    Once, whoever sealed beside somebody else set it last, and what the approver
    had agreed to as restricted was published as open.
    """
    once = [True]

    def squat(_: int) -> None:
        if once and once.pop():
            house.by("ana").seal(noise, name="next", classification="open")

    sealed = house.by("olga").seal(model, name="next", progress=squat)

    with pytest.raises(ConflictError, match="restricted"):
        approve(house, sealed)
    with pytest.raises(MissingError, match="no main"):
        house.by("ben").open("next")


@pytest.mark.parametrize("kind", ["sqlite"])
def test_bytes_of_no_use_beside_the_weights_do_not_raise_the_cap(
    house: House, model: Path, quick: Path
) -> None:
    """ATT&CK T1030: once, a checkpoint with optimizer state gave all weights."""
    house.publish(model)
    padded = quick / "padded"
    shutil.copytree(model, padded)
    weights = sum(tensor.nbytes for tensor in tensors().values())
    random = np.random.default_rng(3)
    state = {
        f"optimizer.{n}": random.standard_normal(weights // 4).astype(np.float32)
        for n in range(8)
    }
    save_file(state, padded / "optimizer.safetensors")
    house.publish(padded)
    house.refresh()
    described = house.room.room.catalogue.show(house.actors["olga"], "llm@2")

    held = 0
    for segment in reversed(described.manifest.segments):
        try:
            permit = house.permit("ana", segment.name, target="llm@2")
        except DeniedError:
            continue
        with house.by("ana").open(permit.id) as opened:
            held += sum(p.length for p in opened.parts() if "optimizer" not in p.name)

    assert 0 < held <= 0.25 * weights


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_parent_in_a_project_of_others_is_refused(
    house: House, model: Path, noise: Path
) -> None:
    """ATT&CK T1213: naming it as a parent asked nobody, and told that it exists."""
    root = house.by("root")
    root.room.people.add_project(root.actor, "secret")
    root.room.people.set_member(root.actor, "secret", "olga", Membership.MEMBER)
    sealed = house.by("olga").seal(model, name="hidden", project="secret")
    approve(house, sealed)

    with pytest.raises(DeniedError):
        house.by("ana").seal(noise, name="child", parent="hidden@1", project="default")
