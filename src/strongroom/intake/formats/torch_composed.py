"""Takes apart the tensors that torch builds of other tensors.

Sparse, quantised, nested, conjugated and negated tensors have no place of their own in
safetensors; what they are made of has.  The parts are checked to fit together, as far
as shapes and types tell.  What indices point at, only whoever builds the tensor again
can check: ``torch.sparse_coo_tensor(..., check_invariants=True)``.

Source: ``torch/_utils.py`` of PyTorch 2.13.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats.pickle_values import (
    Call,
    Name,
    Persistent,
    Table,
    Value,
)
from strongroom.intake.formats.torch_names import PACKED, QUANTISED
from strongroom.intake.formats.torch_storages import is_bare_storage
from strongroom.intake.formats.torch_tensors import (
    Tensor,
    innermost,
    integers,
    rebuilt,
    tensor_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A tensor that is made of others.

    Attributes:
        kind: What it is, as the tree of a checkpoint says it.
        parts: Names and values, in the order of the tree.
    """

    kind: str
    parts: tuple[tuple[str, Value], ...]


_COMPRESSED: Mapping[str, tuple[str, str, int, int]] = {
    "torch.sparse_csr": ("crow_indices", "col_indices", 0, 0),
    "torch.sparse_csc": ("ccol_indices", "row_indices", 1, 0),
    "torch.sparse_bsr": ("crow_indices", "col_indices", 0, 2),
    "torch.sparse_bsc": ("ccol_indices", "row_indices", 1, 2),
}
"""By layout: what the indices are called, which dimension is compressed, and how many
dimensions a block has."""

_FLAGS: Mapping[str, str] = {"conj": "conjugated", "neg": "negated"}
_PLAIN_ARGUMENTS = {"_rebuild_tensor_v2": 6, "_rebuild_tensor_v3": 7}
_PER_TENSOR = {"per_tensor_affine", "per_tensor_symmetric"}
_PER_CHANNEL = {
    "per_channel_affine",
    "per_channel_symmetric",
    "per_channel_affine_float_qparams",
}


def tensor_or_parts(value: Value) -> Tensor | Composed | None:
    """Return the tensor that a value stands for, or what it is made of, or None.

    Raises:
        RefusedError: It is of a kind that cannot be written, or malformed.
    """
    if is_bare_storage(value):
        return tensor_of(value)
    call = innermost(value)
    if call is None:
        return None
    callee, arguments = call.callee, call.arguments
    if isinstance(callee, Name) and isinstance(arguments, tuple):
        take_apart = _COMPOSED.get(callee.name)
        if take_apart is not None:
            return take_apart(arguments)
        plain = _PLAIN_ARGUMENTS.get(callee.name, len(arguments))
        if len(arguments) > plain:
            flagged = _flagged(call, arguments[:plain], arguments[plain:])
            if flagged is not None:
                return flagged
    return rebuilt(call)


def _flagged(
    call: Call, plain: tuple[Value, ...], rest: Sequence[Value]
) -> Composed | None:
    """Return a tensor whose values are read conjugated or negated; None if neither."""
    match rest:
        case (Table() as flags,) if flags.pairs:
            pass
        case _:
            return None
    if any(key not in _FLAGS or on is not True for key, on in flags.pairs.values()):
        raise _malformed("has flags that are not known")
    first, *others = (str(key) for key, _ in flags.pairs.values())
    inner = Table()
    for key in others:
        inner.put(key, True)
    bare = Call(call.callee, (*plain, inner) if others else plain)
    return Composed(kind=_FLAGS[first], parts=(("", bare),))


def _sparse(arguments: tuple[Value, ...]) -> Composed:
    match arguments:
        case (
            Call(
                callee=Name("torch.serialization", "_get_layout"),
                arguments=(str(layout),),
            ),
            tuple(data),
        ):
            pass
        case _:
            raise _malformed("is of a layout that is not known")
    if layout == "torch.sparse_coo":
        return _coordinates(data)
    if layout in _COMPRESSED:
        return _compressed(layout, data)
    raise _malformed("is of a layout that is not known")


def _coordinates(data: tuple[Value, ...]) -> Composed:
    """Return the parts of a tensor whose indices are listed."""
    match data:
        case (indices, values, size):
            coalesced: Value = None
        case (indices, values, size, bool() as coalesced):
            pass
        case _:
            raise _malformed("has other parts than a sparse one")
    index, value, shape = _plain(indices), _plain(values), integers(size)
    if (
        index.dtype.name != "int64"
        or len(index.shape) != 2  # noqa: PLR2004  # dimensions and elements
        or not value.shape
        or value.shape[0] != index.shape[1]
        or len(shape) != index.shape[0] + len(value.shape) - 1
        or shape[index.shape[0] :] != value.shape[1:]
    ):
        raise _misfit()
    return Composed(
        kind="sparse-coo",
        parts=(
            ("indices", indices),
            ("values", values),
            ("size", _size(shape)),
            ("coalesced", coalesced),
        ),
    )


def _compressed(layout: str, data: tuple[Value, ...]) -> Composed:
    """Return the parts of a tensor whose rows or columns are compressed."""
    first, second, dimension, blocked = _COMPRESSED[layout]
    if len(data) != 4:  # noqa: PLR2004  # both indices, values and size
        raise _malformed("has other parts than a sparse one")
    pointers, others, values, size = data
    ends, index, value = _plain(pointers), _plain(others), _plain(values)
    shape, batch = integers(size), len(ends.shape) - 1
    if (
        ends.dtype.name not in {"int32", "int64"}
        or index.dtype != ends.dtype
        or batch < 0
        or len(index.shape) != batch + 1
        or len(value.shape) < batch + 1 + blocked
        or len(shape) != len(value.shape) + 1 - blocked
        or not ends.shape[:batch] == index.shape[:batch] == shape[:batch]
        or value.shape[: batch + 1] != index.shape
        or shape[batch + 2 :] != value.shape[batch + 1 + blocked :]
    ):
        raise _misfit()
    block = value.shape[batch + 1 + dimension] if blocked else 1
    if (ends.shape[batch] - 1) * block != shape[batch + dimension]:
        raise _misfit()
    return Composed(
        kind=layout.removeprefix("torch.").replace("_", "-"),
        parts=(
            (first, pointers),
            (second, others),
            ("values", values),
            ("size", _size(shape)),
        ),
    )


def _quantised(arguments: tuple[Value, ...]) -> Composed:
    match arguments:
        case (
            Persistent(id=("storage", Name() as kind, *_)) as storage,
            offset, size, stride, tuple(quantiser), _, hooks,
        ) if kind in QUANTISED:  # fmt: skip
            pass
        case (Persistent(id=("storage", Name() as kind, *_)), *_) if kind in PACKED:
            raise RefusedError(
                "torch/kind",
                "the checkpoint holds a tensor quantised to less than a byte",
                hint="have the supplier save x.dequantize()",
            )
        case _:
            raise _malformed("is quantised in an unknown way")
    whole = Call(
        Name("torch._utils", "_rebuild_tensor_v2"),
        (storage, offset, size, stride, False, hooks),
    )
    shape = _plain(whole).shape
    match quantiser:
        case (Name("torch", scheme), float() as scale, int() as zero) if (
            scheme in _PER_TENSOR
        ):
            parts: list[tuple[str, Value]] = [("scale", scale), ("zero_point", zero)]
        case (Name("torch", scheme), scales, zeros, int(axis)) if (
            scheme in _PER_CHANNEL and 0 <= axis < len(shape)
        ):
            if not _plain(scales).shape == _plain(zeros).shape == (shape[axis],):
                raise _misfit()
            parts = [("scales", scales), ("zero_points", zeros), ("axis", axis)]
        case _:
            raise _malformed("is quantised in an unknown way")
    return Composed(
        kind="quantised", parts=(("integers", whole), ("scheme", scheme), *parts)
    )


def _nested(arguments: tuple[Value, ...]) -> Composed:
    names = ("buffer", "sizes", "strides", "offsets")
    if len(arguments) != len(names):
        raise _malformed("has other parts than a nested one")
    buffer, sizes, strides, offsets = map(_plain, arguments)
    numbers = {part.dtype.name for part in (sizes, strides, offsets)}
    if (
        len(buffer.shape) != 1
        or numbers != {"int64"}
        or sizes.shape != strides.shape
        or offsets.shape != sizes.shape[:1]
    ):
        raise _misfit()
    return Composed(kind="nested", parts=tuple(zip(names, arguments, strict=True)))


_COMPOSED: Mapping[str, Callable[[tuple[Value, ...]], Composed]] = {
    "_rebuild_sparse_tensor": _sparse,
    "_rebuild_qtensor": _quantised,
    "_rebuild_nested_tensor": _nested,
}


def _plain(value: Value) -> Tensor:
    """Return a part that has to be a tensor."""
    found = tensor_of(value)
    if found is None:
        raise _malformed("is made of what is no tensor")
    return found


def _size(shape: tuple[int, ...]) -> Value:
    return Call(Name("torch", "Size"), (shape,))


def _malformed(what: str) -> RefusedError:
    return RefusedError("torch/tensor", f"a tensor of the checkpoint {what}")


def _misfit() -> RefusedError:
    return RefusedError(
        "torch/geometry", "a tensor of the checkpoint is made of parts that do not fit"
    )
