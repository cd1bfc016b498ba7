"""Takes tensors out of the calls that would rebuild them, and checks where they lie.

A tensor is a window on a storage: a type, a shape, a step for each dimension and a
first element.  A loader that trusts these reads beyond the storage (CVE-2026-24747), so
each is bounded here before anything is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.intake.findings import RefusedError, quoted
from strongroom.intake.formats.pickle_values import Call, Name, Table, Value
from strongroom.intake.formats.torch_names import (
    COMPOSED,
    DTYPES,
    UNWRITABLE,
    Dtype,
)
from strongroom.intake.formats.torch_storages import (
    MOST_ELEMENTS,
    Storage,
    is_bare_storage,
    storage_of,
)

MOST_DIMENSIONS = 64
_MOST_WRAPPERS = 4  # a parameter of a subclass of a parameter
_REBUILDERS = {
    *UNWRITABLE,
    *COMPOSED,
    *(
        Name("torch._utils", name)
        for name in (
            "_rebuild_tensor",
            "_rebuild_tensor_v2",
            "_rebuild_tensor_v3",
            "_rebuild_parameter",
            "_rebuild_parameter_with_state",
        )
    ),
    Name("torch._tensor", "_rebuild_from_type_v2"),
}
_PLAIN_TYPES = {Name("torch", "Tensor"), Name("torch.nn.parameter", "Parameter")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """A window on a storage, inside its bounds.

    Attributes:
        key: Of the storage.
        storage_bytes: Length of the storage.
        dtype: Of the elements.
        offset: First element, counted from the storage's begin.
        shape: Elements per dimension.
        stride: Elements from one to the next, per dimension.
    """

    key: str
    storage_bytes: int
    dtype: Dtype
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse a window that reaches beyond its storage.

        Raises:
            RefusedError: It does, or a number is negative or beyond 2**48.
        """
        numbers = (self.offset, *self.shape, *self.stride)
        if len(self.shape) != len(self.stride) or len(self.shape) > MOST_DIMENSIONS:
            raise self._refused("its shape and its strides do not fit")
        if any(not 0 <= number < MOST_ELEMENTS for number in numbers):
            raise self._refused("a number is negative or too large")
        last = self.offset
        for length, step in zip(self.shape, self.stride, strict=True):
            last += max(length - 1, 0) * step
        if self.elements >= MOST_ELEMENTS:
            raise self._refused("it has too many elements")
        if self.elements and (last + 1) * self.dtype.bytes > self.storage_bytes:
            raise self._refused("it reaches beyond its storage")

    @property
    def elements(self) -> int:
        """Return how many elements it has, at most 2**48."""
        product = 1
        for length in self.shape:
            product = min(product, MOST_ELEMENTS) * length
        return product

    @property
    def bytes(self) -> int:
        """Return how many bytes its elements have."""
        return self.elements * self.dtype.bytes

    @property
    def is_contiguous(self) -> bool:
        """Return whether its elements lie in one stretch, in row order."""
        expected = 1
        for length, step in zip(
            reversed(self.shape), reversed(self.stride), strict=True
        ):
            if length != 1 and step != expected:
                return self.elements == 0
            expected *= length
        return True

    def _refused(self, why: str) -> RefusedError:
        return RefusedError(
            "torch/geometry",
            f"a tensor of shape {self.shape[:8]}, strides {self.stride[:8]} and offset "
            f"{self.offset} in a storage of {self.storage_bytes} bytes: {why}",
            place=f"storage {quoted(self.key)}",
        )


def tensor_of(value: Value) -> Tensor | None:
    """Return the tensor that a call would rebuild; None if it would rebuild none.

    A storage that is no part of a tensor is one of one dimension, of bytes where
    nothing says what it holds.

    Raises:
        RefusedError: It is of a kind that safetensors has no place for, or malformed.
    """
    if is_bare_storage(value):
        return _whole(storage_of(value))
    call = innermost(value)
    return None if call is None else rebuilt(call)


def innermost(value: Value) -> Call | None:
    """Return the call that makes a tensor, without the parameters around it.

    Raises:
        RefusedError: Hooks hang on it, or it is wrapped too often.
    """
    for _ in range(_MOST_WRAPPERS):
        if not isinstance(value, Call) or value.callee not in _REBUILDERS:
            return None
        inner = _unwrapped(value)
        if inner is None:
            return value
        value = inner
    raise _malformed("is wrapped too often")


def _whole(storage: Storage) -> Tensor:
    dtype = storage.dtype or DTYPES["uint8"]
    return Tensor(
        key=storage.key,
        storage_bytes=storage.bytes,
        dtype=dtype,
        offset=0,
        shape=(storage.bytes // dtype.bytes,),
        stride=(1,),
    )


def _unwrapped(call: Call) -> Call | None:
    """Return the call that makes the tensor inside of a parameter, if it is one."""
    match call.callee, call.arguments:
        case Name(name="_rebuild_parameter"), (Call() as inner, _, hooks):
            _verify_bare(hooks, ())
            return inner
        case Name(name="_rebuild_parameter_with_state"), (Call() as inner, _, hooks, _):
            _verify_bare(hooks, ())
            return inner
        case (
            Name(name="_rebuild_from_type_v2"),
            (Name() as function, Name() as kind, tuple() as arguments, _),
        ) if kind in _PLAIN_TYPES:
            return Call(function, arguments)
    return None


def rebuilt(call: Call) -> Tensor:
    """Return the tensor that a call would make of a storage.

    Raises:
        RefusedError: It is of a kind that cannot be written, or malformed.
    """
    callee, given = call.callee, call.arguments
    if isinstance(callee, Name) and callee in UNWRITABLE:
        raise RefusedError(
            "torch/kind",
            f"the checkpoint holds {UNWRITABLE[callee]}",
            hint="have the supplier save plain tensors that have values: x.cpu()",
        )
    match callee, given:
        case Name(name="_rebuild_tensor"), (storage, offset, shape, stride):
            return _tensor(storage, None, offset, shape, stride)
        case Name(name="_rebuild_tensor_v2"), (
            storage, offset, shape, stride, _, hooks, *rest,
        ):  # fmt: skip
            _verify_bare(hooks, rest)
            return _tensor(storage, None, offset, shape, stride)
        case Name(name="_rebuild_tensor_v3"), (
            storage, offset, shape, stride, _, hooks, Name("torch", dtype), *rest,
        ) if dtype in DTYPES:  # fmt: skip
            _verify_bare(hooks, rest)
            return _tensor(storage, DTYPES[dtype], offset, shape, stride)
    raise _malformed("is rebuilt in an unknown way")


def _tensor(
    place: Value, dtype: Dtype | None, offset: Value, shape: Value, stride: Value
) -> Tensor:
    storage = storage_of(place)
    dtype = dtype or storage.dtype
    if dtype is None or type(offset) is not int:
        raise _malformed("has no type, or no offset")
    return Tensor(
        key=storage.key,
        storage_bytes=storage.bytes,
        dtype=dtype,
        offset=offset,
        shape=integers(shape),
        stride=integers(stride),
    )


def integers(value: Value) -> tuple[int, ...]:
    """Return a shape, which may be a ``torch.Size``.

    Raises:
        RefusedError: It is no tuple of whole numbers.
    """
    match value:
        case Call(callee=Name("torch", "Size"), arguments=(inner,)):
            value = inner
    if not isinstance(value, tuple):
        raise _malformed("has a shape that is no tuple")
    found = tuple(number for number in value if type(number) is int)
    if len(found) != len(value):
        raise _malformed("has a shape that is not made of numbers")
    return found


def _verify_bare(hooks: Value, rest: Sequence[Value]) -> None:
    """Check that nothing hangs on a tensor but its values."""
    made = isinstance(hooks, Call) and not hooks.table.pairs and hooks.arguments == ()
    if hooks is not None and not made:
        raise _malformed("has hooks")
    if all(x is None or (isinstance(x, Table) and not x.pairs) for x in rest):
        return
    raise RefusedError(
        "torch/kind",
        "the checkpoint holds a tensor whose values are to be read as conjugated or "
        "negated",
        hint="have the supplier save x.resolve_conj().resolve_neg()",
    )


def _malformed(what: str) -> RefusedError:
    return RefusedError("torch/tensor", f"a tensor of the checkpoint {what}")
