"""What a reader holds: tensors without another copy, or nothing at all."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file
from safetensors.torch import save_file as save_torch

from strongroom.client.client import Strongroom
from strongroom.client.opened import OpenedModel
from strongroom.errors import (
    ConflictError,
    InputError,
    IntegrityError,
    MissingError,
)

ALIGNMENT = 64


@pytest.fixture
def opened(solo_room: Strongroom, model: Path) -> Iterator[OpenedModel]:
    """Give an opened small model."""
    solo_room.seal(model, name="llm")
    with solo_room.open("llm", purpose="a test") as handle:
        yield handle


def test_every_tensor_comes_back(opened: OpenedModel, model: Path) -> None:
    original = load_file(model / "model.safetensors")
    tensors = opened.tensors()

    assert set(tensors) == set(original)
    for name, values in original.items():
        assert tensors[name].dtype == values.dtype
        assert np.array_equal(tensors[name], values)


def test_torch_gets_the_same(opened: OpenedModel, model: Path) -> None:
    original = load_file(model / "model.safetensors")
    tensors = opened.tensors("torch")
    assert set(tensors) == set(original)
    assert all(np.array_equal(tensors[n].numpy(), v) for n, v in original.items())


def test_one_tensor_comes_alone_and_leaves_the_others_sealed(
    opened: OpenedModel, model: Path
) -> None:
    original = load_file(model / "model.safetensors")
    name = sorted(original)[1]
    tensors = opened.tensors(names=[name])
    assert set(tensors) == {name}
    assert np.array_equal(tensors[name], original[name])
    assert opened._arena is not None
    assert len(opened._arena) < 2 * 1024 * 1024 + original[name].nbytes


def test_tensors_lie_aligned_in_one_arena_without_another_copy(
    opened: OpenedModel,
) -> None:
    tensors = opened.tensors()
    assert opened._arena is not None
    arena = np.frombuffer(memoryview(opened._arena._map), dtype=np.uint8)
    for tensor in tensors.values():
        assert tensor.ctypes.data % ALIGNMENT == 0
        assert np.shares_memory(tensor, arena)


def test_torch_tensors_lie_in_the_arena_too(opened: OpenedModel) -> None:
    tensors = opened.tensors("torch")
    assert opened._arena is not None
    arena = np.frombuffer(memoryview(opened._arena._map), dtype=np.uint8)
    for tensor in tensors.values():
        assert tensor.data_ptr() % ALIGNMENT == 0
        assert np.shares_memory(tensor.numpy(), arena)


def test_bfloat16_comes_as_numpy_and_as_torch(
    solo_room: Strongroom, quick: Path
) -> None:
    values = torch.randn(64, 33).to(torch.bfloat16)
    one = torch.tensor(1.5, dtype=torch.bfloat16)
    none = torch.empty((0, 33), dtype=torch.bfloat16)
    save_torch({"w": values, "none": none, "one": one}, quick / "b.safetensors")
    solo_room.seal(quick / "b.safetensors", name="bf")

    with solo_room.open("bf", purpose="a test") as handle:
        arrays = handle.tensors()
        assert arrays["w"].dtype == ml_dtypes.bfloat16
        assert np.array_equal(arrays["w"].view(np.uint16), values.view(torch.uint16))
        assert arrays["one"].shape == ()
        assert "none" not in arrays  # no bytes: it stands in the written file only
    del arrays
    with solo_room.open("bf", purpose="a test") as handle:
        tensors = handle.tensors("torch")
        assert torch.equal(tensors["w"], values)
        assert tensors["w"].dtype == torch.bfloat16


NUMPY_TYPES = [
    "bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64",
    "int64", "float16", "float32", "float64",
]  # fmt: skip


def test_every_type_comes_back(solo_room: Strongroom, quick: Path) -> None:
    random = np.random.default_rng(5)
    original: dict[str, Any] = {
        name: random.integers(0, 2, (7, 5)).astype(name) for name in NUMPY_TYPES
    }
    save_file(original, quick / "types.safetensors")
    solo_room.seal(quick / "types.safetensors", name="types")
    with solo_room.open("types", purpose="a test") as handle:
        for framework in ("numpy", "torch"):
            tensors = handle.tensors(framework)
            for name, values in original.items():
                assert np.array_equal(np.asarray(tensors[name]), values)
            del tensors
            gc.collect()


def test_an_unknown_framework_is_refused(opened: OpenedModel) -> None:
    with pytest.raises(InputError, match="neither numpy nor torch"):
        opened.tensors("jax")  # type: ignore[arg-type]  # on purpose


def test_one_name_in_two_files_is_told_apart(
    solo_room: Strongroom, quick: Path
) -> None:
    """The second file's tensor once took the place of the first one's."""
    folder = quick / "two"
    folder.mkdir()
    for number, name in enumerate(("a", "b")):
        values = np.full((40, 40), number, dtype=np.float32)
        save_file({"weight": values, name: values}, folder / f"{name}.safetensors")
    solo_room.seal(folder, name="two")

    with solo_room.open("two", purpose="a test") as handle:
        tensors = handle.tensors()
        assert set(tensors) == {"0:weight", "1:weight", "a", "b"}
        assert (tensors["0:weight"] == 0).all()
        assert (tensors["1:weight"] == 1).all()


def test_parts_say_which_bytes_of_a_cut_tensor_are_open(
    solo_room: Strongroom, quick: Path
) -> None:
    values = np.arange(100_000, dtype=np.float32).reshape(1000, 100)
    save_file({"embed.weight": values}, quick / "one.safetensors")
    sealed = solo_room.seal(quick / "one.safetensors", name="one")
    name = next(s.name for s in sealed.manifest.segments if s.name.endswith(".2"))

    with solo_room.open("one", segments=[name], purpose="a test") as handle:
        (part,) = handle.parts()
        assert not part.whole
        assert part.label == f"embed.weight[{part.start}:{part.start + part.length}]"
        assert handle.tensors() == {}
        flat = handle.flat_parts()[part.label]
        first = part.start // 4
        assert np.array_equal(flat, values.ravel()[first : first + len(flat)])


def test_a_check_counts_every_byte(opened: OpenedModel, model: Path) -> None:
    files = sum(p.stat().st_size for p in model.rglob("*") if p.is_file())
    assert opened.check() >= files  # and the map


def test_memory_is_used_again_only_after_its_tensors_are_gone(
    opened: OpenedModel,
) -> None:
    tensors = opened.tensors()
    with pytest.raises(ConflictError, match="in use"):
        opened.tensors()
    with pytest.raises(ConflictError, match="in use"):
        opened.close()
    del tensors
    gc.collect()
    assert opened.tensors()


def test_the_map_needs_the_architecture(solo_room: Strongroom, model: Path) -> None:
    solo_room.seal(model, name="llm")
    with (
        solo_room.open("llm", segments=["biases"], purpose="a test") as handle,
        pytest.raises(MissingError, match="architecture"),
    ):
        handle.map()


def test_a_segment_that_is_not_open_says_which_are(
    solo_room: Strongroom, model: Path
) -> None:
    solo_room.seal(model, name="llm")
    with solo_room.open("llm", segments=["biases"], purpose="a test") as handle:
        assert handle.segments == ("biases",)
        assert not handle.complete
        with pytest.raises(MissingError) as caught:
            handle.segment("head")
    assert caught.value.hint == "open: biases"


# --- an attacker in the store ------------------------------------------------------


def object_of(room: Strongroom, name: str) -> Path:
    """Return the file that holds one segment of ``llm``."""
    shown = room.room.catalogue.show(room.actor, "llm")
    (segment,) = shown.manifest.select((name,))
    stores = room.room.settings.folder / "stores"
    return stores / segment.domain / segment.facts.object_name


@pytest.mark.parametrize("where", [0, 40, 200, -1, -17, -5000])
def test_a_flipped_bit_opens_nothing(
    solo_room: Strongroom, model: Path, where: int
) -> None:
    solo_room.seal(model, name="llm")
    path = object_of(solo_room, "blocks.0.1")
    data = bytearray(path.read_bytes())
    data[where] ^= 4
    path.chmod(0o600)
    path.write_bytes(data)

    with pytest.raises(IntegrityError):
        opened_tensors(solo_room)
    with pytest.raises(IntegrityError):
        opened_bytes(solo_room)


def opened_tensors(room: Strongroom) -> None:
    with room.open("llm", purpose="a test") as handle:
        handle.tensors()


def opened_bytes(room: Strongroom) -> None:
    with room.open("llm", purpose="a test") as handle:
        handle.check()


def test_a_failed_opening_leaves_zeros(solo_room: Strongroom, quick: Path) -> None:
    """The index of a segment is whole here, and a record in its middle is not."""
    values = np.ones(6_000_000, dtype=np.float32).reshape(1000, -1)
    save_file({"embed.weight": values}, quick / "big.safetensors")
    solo_room.seal(quick / "big.safetensors", name="llm")
    path = object_of(solo_room, "embeddings.4")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.chmod(0o600)
    path.write_bytes(data)

    handle = solo_room.open("llm", purpose="a test")
    with pytest.raises(IntegrityError, match="record"):
        handle.tensors()
    assert handle._arena is not None
    assert not np.frombuffer(memoryview(handle._arena._map), dtype=np.uint8).any()


def test_two_objects_swapped_open_nothing(solo_room: Strongroom, model: Path) -> None:
    solo_room.seal(model, name="llm")
    first = object_of(solo_room, "blocks.0.1")
    second = object_of(solo_room, "blocks.1.1")
    aside = first.with_suffix(".aside")
    first.rename(aside)
    second.rename(first)
    aside.rename(second)
    with pytest.raises(IntegrityError):
        solo_room.open("llm", purpose="a test")


def test_an_object_cut_short_opens_nothing(solo_room: Strongroom, model: Path) -> None:
    solo_room.seal(model, name="llm")
    path = object_of(solo_room, "head")
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(IntegrityError):
        solo_room.open("llm", purpose="a test")


def test_an_object_that_is_gone_is_missing(solo_room: Strongroom, model: Path) -> None:
    solo_room.seal(model, name="llm")
    object_of(solo_room, "head").unlink()
    with pytest.raises(MissingError):
        solo_room.open("llm", purpose="a test")
