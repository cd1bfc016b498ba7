"""What is no tensor becomes typed JSON of bounded size, or is refused."""

from __future__ import annotations

import collections
from collections import Counter, OrderedDict, defaultdict
from typing import Any

import numpy as np
import pytest
import torch

from strongroom.intake.facts import PAIRS, pairs
from strongroom.intake.findings import RefusedError
from tests.intake.formats.checkpoints import (
    Forged,
    Made,
    assert_same,
    raw,
    read,
    restored,
    saved,
)

SCALAR: Any = np.float64(1).__reduce__()[0]


def refusal(value: object) -> RefusedError:
    """Return why a checkpoint with this value is refused."""
    with pytest.raises(RefusedError) as refused:
        read(Forged(value).zip())
    return refused.value


def _nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def _doubled() -> list[Any]:
    """Return 40 lists that are 2**40 nodes when written out."""
    value: list[Any] = [1]
    for _ in range(25):
        value = [value, value]
    return value


def _cycle() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize("value", [_nested(40), _doubled(), _cycle()])
def test_what_would_not_end_is_refused(value: object) -> None:
    assert refusal(value).rule == "torch/depth"


def test_one_text_that_stands_in_many_places_is_counted_in_each() -> None:
    """Once 200 kB of pickle became gigabytes of JSON, and only the sandbox ended it."""
    words, digits, data = "a" * 100_000, 10**2000, b"\xff" * 50_000
    for value, times in ((words, 700), (digits, 50_000), (data, 1400)):
        assert refusal([value] * times).rule == "torch/depth"


def test_a_long_key_above_many_tensors_is_not_repeated_in_their_names() -> None:
    """Once the name was put together for each, at last to be found too long."""
    state = {"optimizer" * 1000: {"a": torch.ones(1)}, "b" * 5000: {"c": torch.ones(2)}}
    data = saved(state)
    result, _ = read(data)

    assert_same(restored(data), state)
    for fact in PAIRS:
        assert [name for name, _ in pairs(result.facts[fact])] == ["tensor"]


def test_a_tree_as_deep_as_the_limit_is_written() -> None:
    assert restored(Forged(_nested(28)).zip()) == _nested(28)


@pytest.mark.parametrize(
    "value",
    [
        torch.FloatStorage,
        torch.Tensor,
        dict,
        Made(torch.device, ("cpu\n; rm -rf",)),
        Made(torch.Size, ([1],)),
        Made(collections.OrderedDict, ([1],)),
        Made(collections.Counter, ((1, 2),)),
        Made(set, (3,)),
        np.array(["text"]),
        np.array([None]),
        np.datetime64("2026-01-01"),
    ],
    ids=str,
)
def test_what_is_no_data_is_refused(value: object) -> None:
    assert refusal([value]).rule in {"torch/value", "pickle/global"}


def _scalar(kind: str) -> Made:
    """Return a number as a big-endian machine would write it."""
    return Made(SCALAR, (np.dtype(kind), np.array(1, kind).tobytes()))


@pytest.mark.parametrize("kind", [">f8", ">i2", ">u4", ">c8", ">c16"])
def test_big_endian_arrays_and_numbers_are_turned_round_and_noted(kind: str) -> None:
    """They were refused; numpy reads them as what they are."""
    values = np.arange(6).reshape(2, 3).astype(kind)
    data = saved({"a": values, "b": values.T, "d": _scalar(kind)}, protocol=4)
    result, _ = read(data)
    found = restored(data)

    little = values.astype(kind.replace(">", "<"))
    assert raw(found["a"].value) == little.tobytes()
    assert raw(found["b"].value) == little.T.tobytes()
    assert found["d"] == values[0, 1].item()
    assert "2 big-endian arrays turned round" in result.changes


def test_an_array_of_another_length_than_its_shape_is_refused() -> None:
    honest = Forged(np.arange(4, dtype="u1")).pickle()
    forged = Forged(None)
    forged.pickle = lambda: honest.replace(  # type: ignore[method-assign]
        b"K\x04\x85", b"K\x05\x85"
    )
    with pytest.raises(RefusedError, match="another length"):
        read(forged.zip())


@pytest.mark.parametrize("protocol", [2, 4])
def test_the_version_of_torch_becomes_text(protocol: int) -> None:
    """Many checkpoints hold it, and it is a text of a class of its own."""
    data = saved({"version": torch.__version__}, protocol=protocol)
    assert restored(data) == {"version": str(torch.__version__)}


def test_bytes_are_keys_beside_tuples_of_the_same_letters() -> None:
    state = {b"('a', 1)": 1, ("a", 1): 2, "w": torch.ones(1)}
    assert_same(restored(saved(state, protocol=4)), state)


def test_a_default_of_any_plain_kind_is_dropped() -> None:
    """Only those of a few kinds were known; what the factory is nobody asks again."""
    state = {
        "ordered": defaultdict(OrderedDict, {"a": OrderedDict(b=1)}),
        "counts": defaultdict(Counter, {"a": Counter("xx")}),
        "nested": defaultdict(defaultdict, {"a": defaultdict(tuple)}),
        "tensors": defaultdict(torch.Tensor, {"a": torch.ones(2)}),
    }
    assert_same(restored(saved(state)), state)


@pytest.mark.parametrize(
    "layout", [torch.strided, torch.sparse_coo, torch.sparse_bsc, torch.jagged]
)
def test_layouts_come_out_by_name(layout: torch.layout) -> None:
    found = restored(saved({"layout": layout}))["layout"]
    assert f"torch.{found.value}" == str(layout)


def test_what_is_no_layout_is_refused() -> None:
    thing = Made(torch.serialization._get_layout, ("torch.os",))
    assert refusal({"layout": thing}).rule == "torch/value"
