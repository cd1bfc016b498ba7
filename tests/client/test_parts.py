"""Which tensors are open as a whole, by name."""

from __future__ import annotations

import pytest

from strongroom.client.arrays import TensorPart
from strongroom.client.parts import open_parts, whole_parts
from strongroom.errors import MissingError


def part(name: str, *, length: int = 8) -> TensorPart:
    """Return the first bytes of a tensor of eight."""
    return TensorPart(
        name=name, file=0, dtype="F32", shape=(2,), start=0, length=length, size=8
    )


def test_without_segments_nothing_is_open() -> None:
    assert open_parts([]) == ()


def test_all_whole_tensors_are_wanted_unless_some_are_named() -> None:
    whole, half, other = part("a"), part("b", length=4), part("c")
    assert whole_parts([whole, half, other], []) == [whole, other]
    assert whole_parts([whole, half, other], ["c", "c"]) == [other]


def test_a_part_of_a_tensor_is_no_tensor() -> None:
    with pytest.raises(MissingError, match="'b'"):
        whole_parts([part("a"), part("b", length=4)], ["b"])


def test_an_unknown_name_gets_the_nearest() -> None:
    with pytest.raises(MissingError) as caught:
        whole_parts([part("layer.1.weight"), part("head")], ["layer.1.weights"])
    assert caught.value.hint == "did you mean layer.1.weight?"
