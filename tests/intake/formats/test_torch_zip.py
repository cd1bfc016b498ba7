"""Checkpoints come out with every bit of every tensor, and nothing else."""

from __future__ import annotations

import io
import json
from collections import Counter, OrderedDict, defaultdict, deque
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import torch_zip
from tests.intake.formats.checkpoints import (
    Forged,
    assert_same,
    read,
    restored,
    saved,
    tensor,
    together,
)
from tests.intake.hostile import mutated, rewritten_or_refused

DTYPES = [
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64,
    torch.int32, torch.int16, torch.int8, torch.uint8, torch.uint16, torch.uint32,
    torch.uint64, torch.bool, torch.complex32, torch.complex64, torch.complex128,
    torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz,
    torch.float8_e5m2fnuz, torch.float8_e8m0fnu, torch.float4_e2m1fn_x2,
]  # fmt: skip
BOTH = pytest.mark.parametrize("is_zip", [True, False], ids=["zip", "legacy"])


def of_dtype(dtype: torch.dtype, count: int = 24) -> torch.Tensor:
    """Return elements of a type, made of all kinds of bytes."""
    width = torch.empty(0, dtype=dtype).element_size()
    steps = torch.arange(count * width, dtype=torch.int64) * 37 + 11
    found = (steps % (2 if dtype is torch.bool else 251)).to(torch.uint8)
    return found.view(dtype)


def loaded(data: bytes) -> Any:  # noqa: ANN401
    """Return what torch itself reads out of a file that it just wrote."""
    return torch.load(io.BytesIO(data), weights_only=True)


@BOTH
@pytest.mark.filterwarnings("ignore:ComplexHalf support")
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_type_comes_out_bit_for_bit(dtype: torch.dtype, is_zip: bool) -> None:
    whole = of_dtype(dtype)
    square = whole.reshape(4, 6)
    value = {
        "whole": whole,
        "part": whole[3:9],
        "turned": square.t(),
        "steps": square[::2, 1::2],
        "scalar": whole[5],
        "spread": whole[2].expand(3, 5),
        "empty": whole[:0].reshape(0, 4),
        "cube": whole.reshape(2, 3, 4).permute(2, 0, 1),
    }
    found = restored(saved(value, is_zip=is_zip), is_zip=is_zip)
    assert_same(found, value)
    if is_zip:  # torch cannot load all of its own legacy files
        assert_same(found, loaded(saved(value)))


@BOTH
def test_a_state_dict_comes_out_as_one_file_under_the_names_of_torch(
    is_zip: bool,
) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    result, files = read(saved(model.state_dict(), is_zip=is_zip), is_zip=is_zip)
    assert result.outputs == ("model.safetensors",)
    assert_same(load(files["model.safetensors"]), dict(model.state_dict()))


@BOTH
def test_a_training_checkpoint_comes_out_in_three_files(is_zip: bool) -> None:
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 3)
    value = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "epoch": 3,
        "rng": torch.get_rng_state(),
        "loss": float("nan"),
    }
    data = saved(value, is_zip=is_zip)
    result, files = read(data, is_zip=is_zip)
    assert result.outputs == (
        "model.safetensors", "model.optimizer.safetensors", "model.json",
    )  # fmt: skip
    assert load(files["model.safetensors"]).keys() == {"weight", "bias"}
    assert_same(together(files), loaded(data))


def test_an_optimizers_own_file_keeps_its_name() -> None:
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    result, files = read(saved(optimizer.state_dict()))
    assert result.outputs == ("model.safetensors", "model.json")
    assert_same(together(files), optimizer.state_dict())


@BOTH
def test_a_tied_tensor_is_written_once_and_comes_back_twice(is_zip: bool) -> None:
    shared = torch.arange(12.0).reshape(3, 4)
    value = OrderedDict(embed=shared, head=shared, part=shared[1:])
    data = saved(value, is_zip=is_zip)
    result, files = read(data, is_zip=is_zip)
    assert load(files["model.safetensors"]).keys() == {"embed", "part"}
    assert "'head'" in result.changes[0]
    assert_same(together(files), dict(value))


def test_a_tied_tensor_may_be_called_like_a_key_of_the_metadata() -> None:
    shared = torch.arange(3.0)
    value = {"a": shared, "format": shared}
    _, files = read(saved(value))
    assert set(files) == {"model.safetensors", "model.json"}
    assert_same(together(files), value)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@BOTH
def test_every_protocol_that_torch_offers_is_read(protocol: int, is_zip: bool) -> None:
    value = {"w": torch.arange(6.0), "n": [1, {"x": (2.5, None, b"y")}], "s": {1, 2}}
    data = saved(value, is_zip=is_zip, protocol=protocol)
    assert_same(restored(data, is_zip=is_zip), value)


def test_numbers_and_containers_come_back_as_they_were() -> None:
    value: dict[object, object] = {
        "numbers": [1, -(2**70), 0.1, -0.0, float("inf"), 2.5j, True, None],
        "texts": ("ä\u2028\x00", b"\x00\xff", bytearray(b"abc")),
        "counts": Counter(a=3),
        "size": torch.Size([1, 2]),
        "places": [torch.device("cuda", 1), torch.float16],
        1: {(2, "a"): "key"},
        "names": {"x", "y"},
        "frozen": frozenset({3}),
        "ordered": OrderedDict(b=1, a=2),
        "queues": [deque([1, 2]), deque([3], maxlen=4)],
    }
    assert_same(restored(saved(value)), value)


def test_default_dicts_become_plain_ones() -> None:
    lists: dict[str, list[int]] = defaultdict(list, a=[1])
    counts: dict[str, int] = defaultdict(int, b=2)
    found = restored(saved([lists, counts]))
    assert found == [{"a": [1]}, {"b": 2}]


def test_numpys_numbers_and_arrays_come_out() -> None:
    state = np.random.RandomState(1).get_state(legacy=True)
    turned = np.asfortranarray(np.arange(6, dtype="<i2").reshape(2, 3))
    value = {"best": np.float64(0.5), "n": np.int64(3), "rng": state, "t": turned}
    found = restored(saved(value))
    assert (found["best"], found["n"], found["rng"][0]) == (0.5, 3, "MT19937")
    assert np.array_equal(found["rng"][1].value.numpy(), np.asarray(tuple(state)[1]))
    assert np.array_equal(found["t"].value.numpy(), turned)


def test_parameters_come_out_as_their_values() -> None:
    value = {
        "p": torch.nn.Parameter(torch.ones(3)),
        "b": torch.nn.Buffer(torch.ones(2)),
    }
    assert_same(restored(saved(value)), {"p": torch.ones(3), "b": torch.ones(2)})


def test_names_that_collide_or_cannot_be_shown_stay_apart() -> None:
    value: dict[object, object] = {
        "a": {"b": torch.zeros(1)}, "a.b": torch.ones(1), "": torch.ones(2),
        "\x1b[2J": torch.ones(3), "__metadata__": torch.ones(4), 7: torch.ones(5),
    }  # fmt: skip
    assert_same(restored(saved(value)), value)


def test_a_lone_tensor_is_a_checkpoint() -> None:
    assert_same(restored(saved(torch.arange(4))), torch.arange(4))


def test_what_was_found_is_said() -> None:
    result, _ = read(saved({"a": torch.ones(2)}))
    assert result.kind == "torch-zip"
    assert "torch.FloatStorage" in str(result.facts["globals"])
    assert json.dumps(result.facts["tensors"]).count('"a"') == 1


def test_a_storage_that_no_tensor_uses_is_left_out_and_named() -> None:
    forged = Forged({"w": tensor()}, {"0": bytes(16), "hidden": b"secret"})
    result, files = read(forged.zip())
    assert result.changes == ("6 bytes in 1 storage that no tensor uses left out",)
    assert b"secret" not in files["model.safetensors"]


windows = st.integers(1, 60).flatmap(
    lambda count: st.tuples(
        st.just(count),
        st.lists(st.integers(1, 5), max_size=4),
        st.lists(st.integers(0, 7), min_size=4, max_size=4),
        st.integers(0, 10),
    )
)


@settings(max_examples=100, deadline=None)
@given(window=windows)
def test_any_window_on_a_storage_comes_out_or_is_refused(
    window: tuple[int, list[int], list[int], int],
) -> None:
    count, shape, steps, offset = window
    stride = steps[: len(shape)]
    storage = torch.arange(float(count))
    last = offset + sum((d - 1) * s for d, s in zip(shape, stride, strict=True))
    forged = Forged(
        {"w": tensor(tuple(shape), tuple(stride), offset, count=count)},
        {"0": storage.numpy().tobytes()},
    ).zip()
    if last >= count:
        with pytest.raises(RefusedError, match="reaches beyond"):
            read(forged)
    else:
        expected = storage.as_strided(shape, stride, offset)
        assert_same(restored(forged), {"w": expected})


trees = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**80), 2**80)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from([torch.float32, torch.int8, torch.bool]).map(of_dtype),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=6) | st.integers(0, 99), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(tree=trees, is_zip=st.booleans())
def test_any_tree_comes_out_as_torch_reads_it(tree: object, is_zip: bool) -> None:
    data = saved({"tree": tree}, is_zip=is_zip)
    assert_same(restored(data, is_zip=is_zip), loaded(data))


FLAT = saved({"a": torch.arange(6.0).reshape(2, 3).t(), "b": [1, "x"]})


@settings(max_examples=200, deadline=None)
@given(data=mutated(FLAT))
def test_any_bytes_come_out_readable_or_are_refused(data: bytes) -> None:
    files = rewritten_or_refused(torch_zip.rewrite, data, "model.pt")
    if files is not None:
        together(files)


@settings(max_examples=200, deadline=None)
@given(
    pickled=mutated(
        Forged({"a": tensor(), "b": {"c": [1.5, b"d"]}, "e": torch.Size([2])}).pickle()
    )
)
def test_any_pickle_comes_out_readable_or_is_refused(pickled: bytes) -> None:
    forged = Forged(None, {"0": bytes(16)})
    forged.pickle = lambda: pickled  # type: ignore[method-assign]  # the attacker's
    files = rewritten_or_refused(torch_zip.rewrite, forged.zip(), "model.pt")
    if files is not None:
        together(files)
