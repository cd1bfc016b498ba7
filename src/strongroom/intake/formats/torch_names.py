"""What torch writes into a checkpoint: every global that is known, and nothing else.

Source: ``torch/_utils.py``, ``torch/serialization.py`` and
``torch/_weights_only_unpickler.py`` of PyTorch 2.13; numpy 2's ``multiarray``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from strongroom.intake.formats.pickle_machine import How, Rules
from strongroom.intake.formats.pickle_values import Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Dtype:
    """A type of elements.

    Attributes:
        name: As torch calls it.
        stored: As safetensors calls it.
        bytes: Of one element.
        parts: Stored numbers in one element: 2 where safetensors has no complex type
            of that width.
        is_noted: Whether the tree has to say the type, because the file does not.
    """

    name: str
    stored: str
    bytes: int
    parts: int = 1
    is_noted: bool = False


def _dtype(name: str, stored: str, length: int, parts: int = 1) -> tuple[str, Dtype]:
    return name, Dtype(
        name=name, stored=stored, bytes=length, parts=parts, is_noted=parts > 1
    )


DTYPES: Mapping[str, Dtype] = dict(
    [
        _dtype("float64", "F64", 8),
        _dtype("float32", "F32", 4),
        _dtype("float16", "F16", 2),
        _dtype("bfloat16", "BF16", 2),
        _dtype("int64", "I64", 8),
        _dtype("int32", "I32", 4),
        _dtype("int16", "I16", 2),
        _dtype("int8", "I8", 1),
        _dtype("uint64", "U64", 8),
        _dtype("uint32", "U32", 4),
        _dtype("uint16", "U16", 2),
        _dtype("uint8", "U8", 1),
        _dtype("bool", "BOOL", 1),
        _dtype("complex32", "F16", 4, 2),
        _dtype("complex64", "C64", 8),
        _dtype("complex128", "F64", 16, 2),
        _dtype("float8_e4m3fn", "F8_E4M3", 1),
        _dtype("float8_e5m2", "F8_E5M2", 1),
        _dtype("float8_e4m3fnuz", "F8_E4M3FNUZ", 1),
        _dtype("float8_e5m2fnuz", "F8_E5M2FNUZ", 1),
    ],
    # Not F8_E8M0: safetensors 0.8 reads that header and has no tensor for it.
    float8_e8m0fnu=Dtype(name="float8_e8m0fnu", stored="U8", bytes=1, is_noted=True),
    float4_e2m1fn_x2=Dtype(
        name="float4_e2m1fn_x2", stored="U8", bytes=1, is_noted=True
    ),
)
"""By torch's name.  Below a byte, only the type that is counted in bytes."""

NUMPY_DTYPES: Mapping[str, Dtype] = {
    "f8": DTYPES["float64"], "f4": DTYPES["float32"], "f2": DTYPES["float16"],
    "i8": DTYPES["int64"], "i4": DTYPES["int32"], "i2": DTYPES["int16"],
    "i1": DTYPES["int8"], "u8": DTYPES["uint64"], "u4": DTYPES["uint32"],
    "u2": DTYPES["uint16"], "u1": DTYPES["uint8"], "b1": DTYPES["bool"],
    "c8": DTYPES["complex64"], "c16": DTYPES["complex128"],
}  # fmt: skip

QUANTISED: Mapping[Name, Dtype] = {
    Name("torch", "QInt8Storage"): DTYPES["int8"],
    Name("torch", "QUInt8Storage"): DTYPES["uint8"],
    Name("torch", "QInt32Storage"): DTYPES["int32"],
}
"""The integers in each storage of a quantised tensor."""

STORAGES: Mapping[Name, Dtype | None] = {
    **QUANTISED,
    Name("torch", "DoubleStorage"): DTYPES["float64"],
    Name("torch", "FloatStorage"): DTYPES["float32"],
    Name("torch", "HalfStorage"): DTYPES["float16"],
    Name("torch", "BFloat16Storage"): DTYPES["bfloat16"],
    Name("torch", "LongStorage"): DTYPES["int64"],
    Name("torch", "IntStorage"): DTYPES["int32"],
    Name("torch", "ShortStorage"): DTYPES["int16"],
    Name("torch", "CharStorage"): DTYPES["int8"],
    Name("torch", "ByteStorage"): DTYPES["uint8"],
    Name("torch", "BoolStorage"): DTYPES["bool"],
    Name("torch", "ComplexFloatStorage"): DTYPES["complex64"],
    Name("torch", "ComplexDoubleStorage"): DTYPES["complex128"],
    Name("torch.storage", "UntypedStorage"): None,
}
"""The element type of each storage; none where the tensor says it."""

UNWRITABLE: Mapping[Name, str] = {
    Name("torch._utils", "_rebuild_meta_tensor_no_storage"): "a tensor without values",
    Name("torch._utils", "_rebuild_wrapper_subclass"): "a tensor of a class of its own",
    Name("torch._utils", "_rebuild_device_tensor_from_numpy"): "a tensor of a device",
    Name("torch._utils", "_rebuild_device_tensor_from_cpu_tensor"): (
        "a tensor of a device"
    ),
}
"""Tensors of which nothing can be written."""

COMPOSED: Collection[Name] = tuple(
    Name("torch._utils", name)
    for name in (
        "_rebuild_qtensor", "_rebuild_sparse_tensor", "_rebuild_nested_tensor"
    )
)  # fmt: skip
"""Those that are made of other tensors."""

LAYOUTS = frozenset(
    f"torch.{name}"
    for name in (
        *("strided", "sparse_coo", "sparse_csr", "sparse_csc", "sparse_bsr"),
        *("sparse_bsc", "jagged", "_mkldnn"),
    )
)
"""How torch calls the ways in which tensors lie in memory."""

PACKED: Collection[Name] = (
    Name("torch", "QUInt4x2Storage"), Name("torch", "QUInt2x4Storage")
)  # fmt: skip
"""Storages of several elements in a byte."""

_OF_QUANTISED = (
    "per_tensor_affine", "per_tensor_symmetric",
    "per_channel_affine", "per_channel_symmetric", "per_channel_affine_float_qparams",
)  # fmt: skip

_REDUCE: How = "reduce"
_MADE: How = "new"
_CALLED: Collection[How] = (_REDUCE,)
_BUILT: Collection[How] = ("reduce", "build")
_FILLED: Collection[How] = ("reduce", "fill")
_ORDERED: Collection[How] = ("reduce", "fill", "build")
_NUMPY = ("numpy._core.multiarray", "numpy.core.multiarray")
_BUILTINS = ("builtins", "__builtin__")

_APPENDED: Collection[How] = ("reduce", "append")
_NEW: Collection[How] = (_MADE,)
_NAMED: Collection[How] = ()

NAMES: Mapping[Name, Collection[How]] = {
    Name("collections", "OrderedDict"): _ORDERED,
    Name("collections", "Counter"): _CALLED,
    Name("collections", "defaultdict"): _FILLED,
    Name("collections", "deque"): _APPENDED,
    Name("_codecs", "encode"): _CALLED,
    **{
        Name(module, name): _CALLED
        for module in _BUILTINS
        for name in ("set", "frozenset", "bytearray", "bytes", "complex")
    },
    **{
        Name(module, name): _NAMED
        for module in _BUILTINS
        for name in (
            *("dict", "list", "tuple", "int", "long", "float", "str", "unicode"),
            "bool",
        )
    },
    Name("torch.torch_version", "TorchVersion"): _NEW,
    Name("torch", "Size"): _CALLED,
    Name("torch", "device"): _CALLED,
    Name("torch", "Tensor"): _NAMED,
    Name("torch.nn.parameter", "Parameter"): _NAMED,
    Name("torch.serialization", "_get_layout"): _CALLED,
    **{Name("torch", name): _NAMED for name in DTYPES},
    **dict.fromkeys(STORAGES, _NAMED),
    **{
        Name("torch._utils", name): _CALLED
        for name in (
            "_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3",
            "_rebuild_parameter", "_rebuild_parameter_with_state",
        )
    },
    Name("torch._tensor", "_rebuild_from_type_v2"): _CALLED,
    **{Name(module, "scalar"): _CALLED for module in _NUMPY},
    **{Name(module, "_reconstruct"): _BUILT for module in _NUMPY},
    Name("numpy", "ndarray"): _NAMED,
    Name("numpy", "dtype"): _BUILT,
    **dict.fromkeys((*UNWRITABLE, *COMPOSED), _CALLED),
    **dict.fromkeys(PACKED, _NAMED),
    **{Name("torch", name): _NAMED for name in _OF_QUANTISED},
}  # fmt: skip


def rules(*, salvage: bool) -> Rules:
    """Return what may stand in the pickle of a checkpoint."""
    return Rules(names=NAMES, persistent=True, salvage=salvage)
