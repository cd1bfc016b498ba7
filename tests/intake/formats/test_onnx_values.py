"""A tensor of an ONNX model has as many values as its shape says, or is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import onnx_files as subject
from tests.corpus.graphs import model
from tests.intake.hostile import rewritten

TYPES = [
    kind
    for kind in TensorProto.DataType.values()
    if kind not in {TensorProto.UNDEFINED, TensorProto.STRING}
]


def through(tensor: TensorProto) -> TensorProto:
    """Return what becomes of a tensor in a model."""
    node = helper.make_node("Identity", ["w"], ["y"])
    whole = model(node, initializer=[tensor]).SerializeToString()
    _, files = rewritten(subject.rewrite, whole, "model.onnx")
    (found,) = onnx.load_model_from_string(files["model.onnx"]).graph.initializer
    return found


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 0, 2), (9, 30)])
@pytest.mark.parametrize("kind", TYPES, ids=TensorProto.DataType.Name)
def test_lists_of_every_type_come_out_the_same(
    kind: TensorProto.DataType, shape: tuple[int, ...]
) -> None:
    values = [1] * int(np.prod(shape))
    tensor = helper.make_tensor("w", kind, shape, values)
    found = through(tensor)

    assert np.array_equal(numpy_helper.to_array(found), numpy_helper.to_array(tensor))


def test_texts_come_out_the_same() -> None:
    tensor = helper.make_tensor("w", TensorProto.STRING, [2], [b"a", b"b"])
    assert list(through(tensor).string_data) == [b"a", b"b"]


def one(field: str, *values: float | bytes) -> Callable[[TensorProto], None]:
    return lambda tensor: getattr(tensor, field).extend(values)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (TensorProto.FLOAT, one("float_data", 1.0)),
        (TensorProto.FLOAT, one("int32_data", 1)),
        (TensorProto.COMPLEX64, one("float_data", 1.0, 2.0)),
        (TensorProto.DOUBLE, one("double_data", 1.0)),
        (TensorProto.INT64, one("int64_data", 2**40)),
        (TensorProto.UINT32, one("uint64_data", 1)),
        (TensorProto.INT4, one("int32_data", 1)),
        (TensorProto.UINT2, one("int32_data", 1)),
        (TensorProto.STRING, one("string_data", b"a")),
    ],
)
def test_one_value_more_or_fewer_is_refused(
    kind: TensorProto.DataType, change: Callable[[TensorProto], None]
) -> None:
    """They came out, and numpy_helper, which every loader uses, refused them."""
    values: list[object] = [b"a" if kind == TensorProto.STRING else 1] * 4
    more = helper.make_tensor("w", kind, [4], values)
    change(more)
    fewer = helper.make_tensor("w", kind, [4], values)
    fewer.dims[0] = 9
    for tensor in (more, fewer):
        with pytest.raises(RefusedError) as refused:
            through(tensor)
        assert refused.value.rule == "onnx/tensor"


@pytest.mark.parametrize("shape", [[1], []])
def test_a_tensor_without_values_is_refused(shape: list[int]) -> None:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=shape)
    with pytest.raises(RefusedError, match="0 places"):
        through(tensor)


def test_values_in_two_fields_are_refused() -> None:
    tensor = numpy_helper.from_array(np.ones(1, "<f4"), "w")
    tensor.float_data.append(1.0)
    with pytest.raises(RefusedError, match="2 places"):
        through(tensor)


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=400))
def test_whole_numbers_of_any_length_are_counted(values: list[int]) -> None:
    tensor = helper.make_tensor("w", TensorProto.INT64, [len(values)], values)
    assert list(through(tensor).int64_data) == values
