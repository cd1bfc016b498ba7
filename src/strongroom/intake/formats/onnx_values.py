"""Counts the values of tensors of an ONNX model that stand in lists of numbers.

A tensor has its elements in one field: raw bytes, or a list whose kind follows from the
type.  Nothing loads a tensor whose list is of another length than its shape says.

Source: ``onnx.proto`` and ``checker.cc`` of ONNX 1.23.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from strongroom.intake.findings import RefusedError, quoted
from strongroom.intake.formats.protobuf import Message
from strongroom.intake.sources import Source

Value: TypeAlias = int | bytes | Source | Message

RAW = "raw_data"
TEXTS = 8
"""The type of tensors of text."""

_FIXED_BYTES = {"float_data": 4, "double_data": 8}
_FIELDS: Mapping[str, frozenset[int]] = {
    "float_data": frozenset({1, 14}),
    "double_data": frozenset({11, 15}),
    "int64_data": frozenset({7}),
    "uint64_data": frozenset({12, 13}),
    "string_data": frozenset({TEXTS}),
    "int32_data": frozenset({*range(2, 7), 9, 10, *range(16, 29)}),
}
"""For each field, the types of elements that may stand in it."""

_COMPLEX = frozenset({14, 15})
_IN_ONE: Mapping[int, int] = {21: 2, 22: 2, 23: 2, 25: 4, 26: 4}
"""By type: how many elements stand in one number; of all others one."""

_CONTINUED = bytes(range(0x80, 0x100))


def verify_values(tensor: Message, kind: int, elements: int) -> None:
    """Check that a tensor has as many values as elements, in the field for its type.

    Args:
        tensor: A TensorProto whose bytes are not in another file.
        kind: Its type, as ``TensorProto.DataType`` numbers it.
        elements: How many its shape says.

    Raises:
        RefusedError: It has not.  Of ``raw_data`` only that nothing stands beside it.
    """
    given = _given(tensor)
    if given == {RAW} or (not given and not elements):
        return
    if len(given) != 1:
        raise _refused(tensor, f"has its values in {len(given)} places")
    (name,) = given
    if kind not in _FIELDS[name]:
        raise _refused(tensor, f"of the type {kind} has {name}")
    wanted = -(-elements // _IN_ONE.get(kind, 1)) * (2 if kind in _COMPLEX else 1)
    count = _count(name, tensor.all(name))
    if count != wanted:
        raise _refused(tensor, f"has {count} values, not {wanted}")


def has_values(tensor: Message) -> bool:
    """Return whether some of a tensor's values stand in the model itself."""
    return bool(_given(tensor))


def _given(tensor: Message) -> set[str]:
    return {f.rule.name for f in tensor.fields} & {RAW, *_FIELDS}


def _count(name: str, values: Iterable[Value]) -> int:
    """Return how many numbers or texts stand in a field, some of them packed."""
    if name == "string_data":
        return sum(1 for _ in values)
    size = _FIXED_BYTES.get(name)
    if size is not None:
        return sum(_length(value) for value in values) // size
    return sum(1 if isinstance(value, int) else _ends(value) for value in values)


def _length(value: Value) -> int:
    if isinstance(value, Source):
        return value.length
    return len(value) if isinstance(value, bytes) else 0


def _ends(packed: Value) -> int:
    """Return how many whole numbers of changing length end in a row of bytes."""
    if isinstance(packed, Source):
        return sum(map(_ends, packed.pieces()))
    if isinstance(packed, bytes):
        return len(packed.translate(None, _CONTINUED))
    return 0


def _refused(tensor: Message, why: str) -> RefusedError:
    return RefusedError("onnx/tensor", f"tensor {quoted(tensor.text('name'))} {why}")
