"""Reads the members of a torch tar file that hold tensors and storages.

    storages    count; for each storage (number, device, type), elements as int64, and
                the bytes; then (number, storage, first element, elements) of each view
    tensors     count; for each tensor (number, storage, type), dimensions as int64, of
                which four bytes count, shape, strides and first element as int64

What stands in parentheses is a pickle, and so are the counts and the list of views.

Source: as of ``torch_tar``; ``THPTensor_(writeMetadataRaw)`` of PyTorch 0.1.9.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from strongroom.intake.findings import RefusedError, quoted
from strongroom.intake.formats.pickle_machine import Rules, read_pickle
from strongroom.intake.formats.pickle_values import Name, Value
from strongroom.intake.formats.torch_names import QUANTISED, STORAGES, Dtype
from strongroom.intake.formats.torch_storages import MOST_ELEMENTS
from strongroom.intake.formats.torch_tensors import (
    MOST_DIMENSIONS,
    Tensor,
)
from strongroom.intake.sources import Source

MOST_ENTRIES = 100_000
"""Storages, views and tensors, each."""

_MOST_NUMBER = 1 << 64  # an address in the process that saved
_MOST_INSTRUCTIONS = 64  # of a pickle of three values; torch writes twelve
_DEVICE = re.compile(r"cpu|cuda:[0-9]{1,4}")
_INTEGER = struct.Struct("<q")
_DIMENSIONS = struct.Struct("<i4x")  # the C code wrote a long at an int: padding

_STORAGE_TYPES: Mapping[Name, Dtype] = {
    name: dtype
    for name, dtype in STORAGES.items()
    if dtype is not None and name not in QUANTISED  # which came later
}
_TENSOR_TYPES: Mapping[Name, Dtype] = {
    Name(module, name.name.replace("Storage", "Tensor")): dtype
    for module in ("torch", "torch.cuda")
    for name, dtype in _STORAGE_TYPES.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A storage, or a view of one.

    Attributes:
        root: What the storage is called.
        dtype: Of its elements.
        start: First element of the stretch.
        elements: How many it has.
        root_bytes: Of the whole storage.
    """

    root: str
    dtype: Dtype
    start: int
    elements: int
    root_bytes: int


@dataclass(slots=True, kw_only=True)
class Storages:
    """What a member holds.

    Attributes:
        windows: The bytes of each storage, by its number.
        stretches: Storages and views, by number.
        names: Globals that its pickles named.
    """

    windows: dict[str, Source] = field(default_factory=dict)
    stretches: dict[str, Stretch] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class Tensors:
    """What a member holds.

    Attributes:
        found: Tensors by number.
        names: Globals that its pickles named.
    """

    found: dict[str, Tensor] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


def read_storages(member: Source) -> Storages:
    """Return the storages and the views of a checkpoint.

    Raises:
        RefusedError: The member is cut or goes on, a storage is of an unknown type, a
            number stands twice, a view reaches beyond its storage, or there are too
            many.
    """
    stream, found = _Stream(member), Storages()
    rules = _rules(_STORAGE_TYPES)
    for _ in range(stream.count()):
        match stream.pickle(rules):
            case (int(number), str(device), Name() as kind) if (
                kind in _STORAGE_TYPES and _DEVICE.fullmatch(device)
            ):
                dtype = _STORAGE_TYPES[kind]
            case _:
                raise _malformed("a storage")
        key = _key(number, found.stretches)
        elements = stream.integer()
        found.windows[key] = window = stream.window(elements, dtype.bytes)
        found.stretches[key] = Stretch(
            root=key, dtype=dtype, start=0, elements=elements, root_bytes=window.length
        )
    _add_views(stream.pickle(Rules()), found)
    stream.verify_end()
    found.names = stream.names
    return found


def _add_views(views: Value, found: Storages) -> None:
    if not isinstance(views, list) or len(views) > MOST_ENTRIES:
        raise _malformed("the list of views")
    for view in views:
        match view:
            case (int(number), int(root), int(start), int(elements)) if (
                str(root) in found.windows
                and type(start) is type(elements) is int
                and min(start, elements) >= 0
            ):
                storage = found.stretches[str(root)]
            case _:
                raise _malformed("a view")
        if start + elements > storage.elements:
            raise RefusedError(
                "torch/geometry", "a view of a storage reaches beyond it"
            )
        found.stretches[_key(number, found.stretches)] = Stretch(
            root=storage.root,
            dtype=storage.dtype,
            start=start,
            elements=elements,
            root_bytes=storage.root_bytes,
        )


def read_tensors(member: Source, stretches: Mapping[str, Stretch]) -> Tensors:
    """Return the tensors of a checkpoint, as windows on whole storages.

    Args:
        member: Where they stand.
        stretches: Storages and views, by number.

    Raises:
        RefusedError: The member is cut or goes on, a tensor is of another type than
            its storage or reaches beyond it, a number stands twice, or there are too
            many.
    """
    stream, found = _Stream(member), Tensors()
    rules = _rules(_TENSOR_TYPES)
    for _ in range(stream.count()):
        match stream.pickle(rules):
            case (int(number), int(storage), Name() as kind) if (
                str(storage) in stretches
                and _TENSOR_TYPES.get(kind) == stretches[str(storage)].dtype
            ):
                stretch = stretches[str(storage)]
            case _:
                raise _malformed("a tensor")
        key = _key(number, found.found, stretches)
        found.found[key] = _tensor(stream, stretch)
    stream.verify_end()
    found.names = stream.names
    return found


def _tensor(stream: _Stream, stretch: Stretch) -> Tensor:
    """Return the tensor whose geometry comes next, on the whole storage."""
    dimensions = stream.dimensions()
    shape = tuple(stream.integer() for _ in range(dimensions))
    stride = tuple(stream.integer() for _ in range(dimensions))
    inner = Tensor(  # checks that it lies in the stretch
        key=stretch.root,
        storage_bytes=stretch.elements * stretch.dtype.bytes,
        dtype=stretch.dtype,
        offset=stream.integer(),
        shape=shape,
        stride=stride,
    )
    return Tensor(
        key=stretch.root,
        storage_bytes=stretch.root_bytes,
        dtype=stretch.dtype,
        offset=stretch.start + inner.offset,
        shape=shape,
        stride=stride,
    )


class _Stream:
    """A position in a member, where pickles and raw numbers take turns."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._at = 0
        self.names: set[str] = set()

    def pickle(self, rules: Rules) -> Value:
        found = read_pickle(self._source, rules, start=self._at)
        self._at = found.end
        self.names.update(found.names)
        return found.value

    def count(self) -> int:
        count = self.pickle(Rules(instructions=_MOST_INSTRUCTIONS))
        if type(count) is not int or count < 0:
            raise _malformed("a count")
        if count > MOST_ENTRIES:
            raise RefusedError("torch/size", f"{count} tensors or storages")
        return count

    def integer(self) -> int:
        number: int = _INTEGER.unpack(self._raw(_INTEGER.size))[0]
        return number

    def dimensions(self) -> int:
        number: int = _DIMENSIONS.unpack(self._raw(_DIMENSIONS.size))[0]
        if not 0 < number <= MOST_DIMENSIONS:
            # Zero was an empty tensor then, and is one number now.
            raise RefusedError("torch/geometry", f"a tensor of {number} dimensions")
        return number

    def window(self, elements: int, size: int) -> Source:
        if not 0 <= elements < MOST_ELEMENTS:
            raise RefusedError("torch/storage", f"a storage of {elements} elements")
        found = self._source.window(self._at, elements * size)
        self._at += found.length
        return found

    def verify_end(self) -> None:
        left = self._source.length - self._at
        if left:
            raise RefusedError("torch/tar", f"{left} bytes follow the last entry")

    def _raw(self, length: int) -> bytes:
        data = self._source.read_exactly(self._at, length)
        self._at += length
        return data


def _rules(types: Mapping[Name, Dtype]) -> Rules:
    return Rules(names=dict.fromkeys(types, ()), instructions=_MOST_INSTRUCTIONS)


def _key(number: int, *taken: Mapping[str, object]) -> str:
    """Return how the pickle refers to a number that is not taken."""
    if type(number) is not int or not 0 <= number < _MOST_NUMBER:
        raise _malformed("a number")
    if any(str(number) in known for known in taken):
        raise RefusedError("torch/tar", f"the number {quoted(str(number))} comes twice")
    return str(number)


def _malformed(what: str) -> RefusedError:
    return RefusedError("torch/tar", f"{what} has another form than torch writes")
