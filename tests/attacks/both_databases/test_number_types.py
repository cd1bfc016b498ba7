"""A collector who asks for the same weights in ever wider number types."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import save_file

from strongroom.errors import DeniedError
from tests.journeys.rooms import House, tensors

Weights: TypeAlias = "Mapping[str, npt.NDArray[Any]]"

WIDTHS = {"F32": 4, "F16": 2, "I8": 1}
PLAN = "most_percent = 5\n"


def written(folder: Path, weights: Weights, *, shards: int = 1) -> Path:
    """Write tensors into shards, whose names say how many there are."""
    folder.mkdir()
    names = sorted(weights)
    for shard in range(shards):
        save_file(
            {name: weights[name] for name in names[shard::shards]},
            folder / f"model-{shard + 1}-of-{shards}.safetensors",
        )
    return folder


def segments_of(house: House, target: str) -> list[str]:
    described = house.room.room.catalogue.show(house.actors["olga"], target)
    return [segment.name for segment in described.manifest.segments]


def collect(
    house: House, name: str, target: str, known: dict[str, npt.NDArray[np.bool_]]
) -> None:
    """Open segments of a version until a cap stops it; mark what is known then."""
    house.refresh()
    for segment in segments_of(house, target):
        try:
            permit = house.permit(name, segment, target=target)
        except DeniedError:
            continue
        with house.by(name).open(permit.id) as opened:
            for part in opened.parts():
                if part.name in known:
                    width = WIDTHS[part.dtype or ""]
                    end = (part.start + part.length) // width
                    known[part.name][part.start // width : end] = True


@pytest.mark.parametrize(
    ("kind", "order"),
    [("sqlite", "int8 half llm"), ("postgresql", "half llm int8")],
)
def test_nobody_knows_more_than_a_quarter_of_the_weights(
    house: House, quick: Path, order: str
) -> None:
    """ATT&CK T1030: once, int8, float16, float32 in turn gave half of a model.

    The shards of the three have other names, as those of real models do.
    """
    full = tensors()
    for name, kind, shards in (
        ("llm", np.float32, 3),
        ("half", np.float16, 2),
        ("int8", np.int8, 1),
    ):
        weights = {key: value.astype(kind) for key, value in full.items()}
        folder = written(quick / name, weights, shards=shards)
        parent = None if name == "llm" else "llm@1"
        house.publish(folder, name=name, parent=parent, plan=PLAN)
    known = {key: np.zeros(value.size, bool) for key, value in full.items()}

    for target in order.split():
        collect(house, "ana", target, known)

    total = sum(value.size for value in full.values())
    found = sum(int(marked.sum()) for marked in known.values())
    assert 0.15 * total < found <= 0.25 * total


def test_a_quarter_of_a_narrow_type_is_a_quarter_of_a_wide_one(
    house: House, quick: Path
) -> None:
    """The other side: what is held of int8 is not held twice in float32."""
    full = tensors()
    small = {key: value.astype(np.int8) for key, value in full.items()}
    house.publish(written(quick / "f32", full), name="llm", plan=PLAN)
    house.publish(written(quick / "i8", small), name="int8", parent="llm@1", plan=PLAN)
    house.refresh()
    same = [s for s in segments_of(house, "int8") if s in segments_of(house, "llm")]
    first = next(s for s in same if s.startswith("blocks"))
    house.by("ana").open(house.permit("ana", first, target="int8").id).close()

    shown = {
        target: house.by("ada").records.exposure(target) for target in ("int8", "llm")
    }

    (narrow,), (wide,) = (shown[target].holders for target in ("int8", "llm"))
    assert wide.held == 4 * narrow.held > 0


def test_bytes_of_no_use_in_a_narrow_type_do_not_raise_the_cap(
    house: House, quick: Path
) -> None:
    """ATT&CK T1030: int8 beside as much noise has half the bytes of float32."""
    full = tensors()
    house.publish(written(quick / "f32", full), name="llm", plan=PLAN)
    padded = {key: value.astype(np.int8) for key, value in full.items()}
    size = sum(value.size for value in full.values())
    padded["noise"] = np.random.default_rng(3).integers(-9, 9, size, np.int8)
    house.publish(written(quick / "i8", padded), name="p", parent="llm@1", plan=PLAN)
    known = {key: np.zeros(value.size, bool) for key, value in full.items()}

    collect(house, "ana", "p", known)

    assert sum(int(marked.sum()) for marked in known.values()) <= 0.25 * size
