"""Views of decrypted bytes as numpy arrays or torch tensors, without a copy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from strongroom.errors import InputError, SetupError
from strongroom.intake.formats.safetensors import tensor_bytes

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

__all__ = ["TensorPart", "as_flat_array", "as_tensor", "joined", "tensor_bytes"]

_NUMPY: Final = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "U16": "uint16",
    "I16": "int16",
    "U32": "uint32",
    "I32": "int32",
    "U64": "uint64",
    "I64": "int64",
    "F16": "float16",
    "F32": "float32",
    "F64": "float64",
    "C64": "complex64",
}
_ML_DTYPES: Final = {
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E8M0": "float8_e8m0fnu",
}
_TORCH: Final = {
    **_NUMPY,
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "F8_E8M0": "float8_e8m0fnu",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorPart:
    """A tensor, or as much of it as was opened.

    Attributes:
        name: Of the tensor.
        file: Number of the file it comes from.
        dtype: As safetensors writes it.
        shape: Of the whole tensor.
        start: First byte of the part, counted from the start of the tensor.
        length: Bytes of the part.
        size: Bytes of the whole tensor.
        shared: Whether another opened file has a tensor of this name.
    """

    name: str
    file: int
    dtype: str
    shape: tuple[int, ...]
    start: int
    length: int
    size: int
    shared: bool = False

    @property
    def whole(self) -> bool:
        """Whether all of the tensor was opened."""
        return self.length == self.size

    @property
    def label(self) -> str:
        """The tensor's name, with the range of bytes if it is a part.

        The number of the file stands before a name that several files have.
        """
        name = f"{self.file}:{self.name}" if self.shared else self.name
        end = self.start + self.length
        return name if self.whole else f"{name}[{self.start}:{end}]"


def joined(spans: Iterable[tuple[int, int]], *, empty: bool) -> list[tuple[int, int]]:
    """Return offset and length of each run that the spans make together.

    Args:
        spans: Offset and length of pieces, in any order, not overlapping.
        empty: Whether a run of no bytes counts, as for a tensor without elements.
    """
    runs: list[tuple[int, int]] = []
    for start, length in sorted(spans):
        if runs and sum(runs[-1]) == start:
            runs[-1] = (runs[-1][0], runs[-1][1] + length)
        elif length or empty:
            runs.append((start, length))
    return runs or ([(0, 0)] if empty else [])


def as_tensor(
    view: memoryview, dtype: str, shape: Sequence[int], framework: str
) -> Any:  # noqa: ANN401  # one of two frameworks
    """Return ``view`` as an array or tensor of this type and shape.

    Raises:
        InputError: The framework or the type is not supported.
        SetupError: torch is not installed.
    """
    if framework == "numpy":
        return as_flat_array(view, dtype).reshape(tuple(shape))
    if framework == "torch":
        return _torch_tensor(view, dtype, shape)
    raise InputError(f"{framework[:40]!r} is neither numpy nor torch")


def as_flat_array(view: memoryview, dtype: str) -> npt.NDArray[Any]:
    """Return ``view`` as a one-dimensional array; bytes where numpy has no type."""
    import numpy as np  # noqa: PLC0415  # only who opens tensors pays for it

    return np.frombuffer(view, dtype=_numpy_dtype(dtype))


def _numpy_dtype(dtype: str) -> np.dtype[Any]:
    import numpy as np  # noqa: PLC0415

    if dtype in _NUMPY:
        return np.dtype(_NUMPY[dtype])
    if dtype in _ML_DTYPES:
        import ml_dtypes  # noqa: PLC0415

        kind: type[np.generic] = getattr(ml_dtypes, _ML_DTYPES[dtype])
        return np.dtype(kind)
    raise InputError(
        f"numpy has no type for {dtype}", hint="open it with framework='torch'"
    )


def _torch_tensor(view: memoryview, dtype: str, shape: Sequence[int]) -> Any:  # noqa: ANN401
    try:
        import torch  # noqa: PLC0415
    except ImportError:
        raise SetupError("torch is not installed", hint="pip install torch") from None
    if dtype not in _TORCH:
        raise InputError(f"torch has no type for {dtype}")
    kind = getattr(torch, _TORCH[dtype])
    if not len(view):
        return torch.empty(tuple(shape), dtype=kind)
    return torch.frombuffer(view, dtype=kind).reshape(tuple(shape))
