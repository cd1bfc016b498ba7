"""Takes numpy's arrays and scalars out of the calls that would rebuild them.

Checkpoints hold them beside tensors: the state of numpy's random numbers, a best score.
"""

from __future__ import annotations

import array
import math
import struct
from dataclasses import dataclass

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats.pickle_values import Call, Name, Value
from strongroom.intake.formats.torch_names import NUMPY_DTYPES, Dtype
from strongroom.intake.formats.torch_tensors import MOST_DIMENSIONS, Tensor

_MODULES = {"numpy._core.multiarray", "numpy.core.multiarray"}
_FORMS = {
    "float64": "<d", "float32": "<f", "float16": "<e", "int64": "<q", "int32": "<l",
    "int16": "<h", "int8": "<b", "uint64": "<Q", "uint32": "<L", "uint16": "<H",
    "uint8": "<B", "bool": "<?", "complex64": "<ff", "complex128": "<dd",
}  # fmt: skip
_LETTERS = {2: "H", 4: "I", 8: "Q"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Array:
    """An array, and the bytes that lie in the pickle itself.

    Attributes:
        window: Shape and strides on those bytes.
        data: As many bytes as the shape needs, little-endian.
        is_swapped: Whether they were big-endian before.
    """

    window: Tensor
    data: bytes
    is_swapped: bool


def raw_of(value: Value) -> bytes | None:
    """Return the bytes that a value is, which protocol 2 writes as a call.

    Raises:
        RefusedError: Such a call has arguments that nobody writes.
    """
    match value:
        case bytes():
            return value
        case Call(callee=Name("_codecs", "encode"), arguments=(str(text), str(coding))):
            if coding in {"latin1", "latin-1"} and all(ord(c) < 256 for c in text):  # noqa: PLR2004
                return text.encode("latin-1")
        case Call(callee=Name(("builtins" | "__builtin__"), "bytes"), arguments=()):
            return b""
        case Call(callee=Name("_codecs", "encode")):
            pass
        case _:
            return None
    raise _malformed("bytes are written in an unknown way")


def scalar_of(call: Call) -> bool | int | float | complex | None:
    """Return the number that a numpy scalar is; None if the call makes none.

    Raises:
        RefusedError: It is of a type that is no number.
    """
    match call:
        case Call(callee=Name(module, "scalar"), arguments=(dtype, data)) if (
            module in _MODULES
        ):
            (kind, is_swapped), raw = _dtype_of(dtype), raw_of(data)
            if raw is None or len(raw) != kind.bytes:
                raise _malformed("a numpy scalar has the wrong length")
            form = _FORMS[kind.name]
            first, *second = struct.unpack(
                form.replace("<", ">") if is_swapped else form, raw
            )
            found: bool | int | float | complex = (
                complex(first, *second) if second else first
            )
            return found
    return None


def array_of(call: Call) -> Array | None:
    """Return the array that a call would rebuild; None if it would rebuild none.

    Raises:
        RefusedError: Its elements are objects or text, or it is malformed.
    """
    match call:
        case Call(callee=Name(module, "_reconstruct")) if module in _MODULES:
            pass
        case _:
            return None
    match call.arguments, call.state:
        case (Name("numpy", "ndarray"), (0,), _), (
            1, tuple() as shape, dtype, bool(is_fortran), data,
        ):  # fmt: skip
            return _array(shape, _dtype_of(dtype), raw_of(data), is_fortran=is_fortran)
    raise _malformed("a numpy array is rebuilt in an unknown way")


def _array(
    shape: tuple[Value, ...],
    said: tuple[Dtype, bool],
    data: bytes | None,
    *,
    is_fortran: bool,
) -> Array:
    dtype, is_swapped = said
    lengths = [number for number in shape if type(number) is int and number >= 0]
    if len(lengths) != len(shape) or len(lengths) > MOST_DIMENSIONS or data is None:
        raise _malformed("a numpy array has an impossible shape")
    if math.prod(lengths) * dtype.bytes != len(data):
        raise _malformed("a numpy array has another length than its shape needs")
    ordered = lengths if is_fortran else lengths[::-1]
    steps = [math.prod(ordered[:place]) for place in range(len(ordered))]
    window = Tensor(
        key="",
        storage_bytes=len(data),
        dtype=dtype,
        offset=0,
        shape=tuple(lengths),
        stride=tuple(steps if is_fortran else steps[::-1]),
    )
    return Array(
        window=window,
        data=_swapped(data, dtype) if is_swapped else data,
        is_swapped=is_swapped,
    )


def _swapped(data: bytes, dtype: Dtype) -> bytes:
    parts = 2 if dtype.name.startswith("complex") else 1
    values = array.array(_LETTERS[dtype.bytes // parts], data)
    values.byteswap()
    return values.tobytes()


def _dtype_of(value: Value) -> tuple[Dtype, bool]:
    """Return the type of elements, and whether they are big-endian."""
    match value:
        case Call(
            callee=Name("numpy", "dtype"),
            arguments=(str(code), _, _),
            state=(3, ("<" | "|" | "=" | ">") as order, None, None, None, -1, -1, _),
        ) if code in NUMPY_DTYPES:
            if (order == "|") == (NUMPY_DTYPES[code].bytes == 1):
                return NUMPY_DTYPES[code], order == ">"
    raise _malformed("a numpy array holds no plain numbers")


def _malformed(what: str) -> RefusedError:
    return RefusedError("torch/value", f"the checkpoint cannot be read: {what}")
