"""Takes apart the tensors that torch builds of other tensors.

Sparse, quantised, nested, conjugated and negated tensors have no place of their own in
safetensors; what they are made of has.  The parts are checked to fit together, and to
point at nothing outside of the tensor.

Source: ``torch/_utils.py`` of PyTorch 2.13.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import torch_sparse
from strongroom.intake.formats.pickle_values import (
    Call,
    Name,
    Persistent,
    Table,
    Value,
)
from strongroom.intake.formats.torch_names import PACKED, QUANTISED
from strongroom.intake.formats.torch_parts import (
    Composed,
    Pieces,
    malformed,
    misfit,
    plain_tensor,
    verify_nested,
)
from strongroom.intake.formats.torch_storages import is_bare_storage
from strongroom.intake.formats.torch_tensors import (
    Tensor,
    innermost,
    rebuilt,
    tensor_of,
)

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
        raise malformed("has flags that are not known")
    first, *others = (str(key) for key, _ in flags.pairs.values())
    inner = Table()
    for key in others:
        inner.put(key, True)
    bare = Call(call.callee, (*plain, inner) if others else plain)
    return Composed(kind=_FLAGS[first], parts=(("", bare),))


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
            raise malformed("is quantised in an unknown way")
    whole = Call(
        Name("torch._utils", "_rebuild_tensor_v2"),
        (storage, offset, size, stride, False, hooks),
    )
    shape = plain_tensor(whole).shape
    match quantiser:
        case (Name("torch", scheme), float() as scale, int() as zero) if (
            scheme in _PER_TENSOR and type(zero) is int  # a truth value is one, too
        ):
            parts: list[tuple[str, Value]] = [("scale", scale), ("zero_point", zero)]
        case (Name("torch", scheme), scales, zeros, int(axis)) if (
            scheme in _PER_CHANNEL and type(axis) is int and 0 <= axis < len(shape)
        ):
            if (
                not plain_tensor(scales).shape
                == plain_tensor(zeros).shape
                == (shape[axis],)
            ):
                raise misfit()
            parts = [("scales", scales), ("zero_points", zeros), ("axis", axis)]
        case _:
            raise malformed("is quantised in an unknown way")
    return Composed(
        kind="quantised", parts=(("integers", whole), ("scheme", scheme), *parts)
    )


def _nested(arguments: tuple[Value, ...]) -> Composed:
    names = ("buffer", "sizes", "strides", "offsets")
    if len(arguments) != len(names):
        raise malformed("has other parts than a nested one")
    buffer, sizes, strides, offsets = map(plain_tensor, arguments)
    numbers = {part.dtype.name for part in (sizes, strides, offsets)}
    if (
        len(buffer.shape) != 1
        or numbers != {"int64"}
        or len(sizes.shape) != 2  # noqa: PLR2004  # parts and dimensions
        or sizes.shape != strides.shape
        or offsets.shape != sizes.shape[:1]
    ):
        raise misfit()

    def verify(pieces: Pieces) -> None:
        verify_nested(pieces, buffer.elements, sizes, strides, offsets)

    return Composed(
        kind="nested",
        parts=tuple(zip(names, arguments, strict=True)),
        verify=verify,
    )


_COMPOSED: Mapping[str, Callable[[tuple[Value, ...]], Composed]] = {
    "_rebuild_sparse_tensor": torch_sparse.take_apart,
    "_rebuild_qtensor": _quantised,
    "_rebuild_nested_tensor": _nested,
}
