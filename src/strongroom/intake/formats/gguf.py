"""Reads the head of a GGUF file: what it says about itself, and where its tensors lie.

Every length is compared with what is left of the file before anything is read, because
the files that break other readers are those that claim lengths: 2^61 values in an array
hang the ``gguf`` package 0.19, and tensors whose sizes overflow have written past
buffers of llama.cpp.

Source: the page about GGUF in ggml's own documentation, versions 2 and 3; sizes of
blocks compared with the
``gguf`` package in ``tests/intake/formats/test_gguf.py``.
"""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from strongroom.intake.findings import RefusedError, quoted
from strongroom.intake.formats.gguf_cursor import Cursor
from strongroom.intake.names import is_plain_name
from strongroom.intake.sources import Source

MAGIC = b"GGUF"
VERSIONS = frozenset({2, 3})
MOST_VALUES = 65_536
MOST_TENSORS = 100_000
MOST_KEY_BYTES = 256
MOST_TEXT_BYTES = 1 << 20
MOST_ITEM_BYTES = 65_536
"""Of a text in an array, which is a token."""

MOST_ITEMS = 4_000_000
MOST_DIMENSIONS = 4
MOST_ELEMENTS = 1 << 48
MOST_TENSOR_NAME = 63  # llama.cpp has 64 bytes, with a zero at the end
LEAST_ALIGNMENT, MOST_ALIGNMENT = 8, 65_536
DEFAULT_ALIGNMENT = 32
ALIGNMENT_KEY = "general.alignment"

BLOCKS: Mapping[int, tuple[int, int]] = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24),
    8: (32, 34), 10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176),
    14: (256, 210), 16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50),
    20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1),
    25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2),
    34: (256, 54), 35: (256, 66), 39: (32, 17), 40: (64, 36), 41: (128, 18),
}  # fmt: skip
"""Elements and bytes of a block, by type; without those that no file has."""

U32, I32, F32, BOOL, TEXT, ARRAY, F64 = 4, 5, 6, 7, 8, 9, 12
_FORMS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q",
          11: "q", 12: "d"}  # fmt: skip
_WHOLE = frozenset(_FORMS) - {F32, F64, BOOL}
_ARRAY_HEAD_BYTES = 12  # type and count of the items
_KEY = re.compile(r"[A-Za-z0-9_.\-]{1,256}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value of the head.

    Attributes:
        key: Its name.
        kind: Its type by number.
        items: Type and count of what an array holds.
        start: First byte of the value in the file, behind its type.
        end: One past its last byte.
    """

    key: str
    kind: int
    items: tuple[int, int] | None
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One tensor of the head; its bytes lie at ``offset`` behind the head."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Everything before the first tensor, checked."""

    version: int
    values: tuple[Value, ...]
    tensors: tuple[Tensor, ...]
    alignment: int
    data_start: int


def read_head(source: Source) -> Head:
    """Return the head of a GGUF file.

    Args:
        source: The whole file.

    Raises:
        RefusedError: It is malformed, names something twice, has a type that is not
            known, is over a bound, or its tensors overlap or leave the file.
    """
    cursor = Cursor(source)
    if cursor.take(4) != MAGIC:
        raise RefusedError("gguf/head", "file is no GGUF file")
    version = cursor.u32()
    if version not in VERSIONS:
        raise RefusedError("gguf/head", f"GGUF version {version} is not read")
    tensors, values = cursor.u64(), cursor.u64()
    if tensors > MOST_TENSORS or values > MOST_VALUES:
        raise RefusedError("gguf/size", f"{tensors} tensors and {values} values")
    found = tuple(_value(cursor) for _ in range(values))
    _verify_unique("value", [value.key for value in found])
    alignment = _alignment(found, source)
    listed = tuple(_tensor(cursor, alignment) for _ in range(tensors))
    _verify_unique("tensor", [tensor.name for tensor in listed])
    start = cursor.at + -cursor.at % alignment
    _verify_layout(listed, alignment, source.length - min(start, source.length))
    return Head(
        version=version,
        values=found,
        tensors=listed,
        alignment=alignment,
        data_start=start,
    )


def text_of(source: Source, value: Value) -> str:
    """Return a value of type text, which ``read_head`` has checked."""
    data = source.read_exactly(value.start + 8, value.end - value.start - 8)
    return data.decode()


def texts_of(source: Source, value: Value) -> Iterator[str]:
    """Yield the texts of an array of texts.

    Raises:
        RefusedError: One is not UTF-8.
    """
    cursor = Cursor(source)
    cursor.at = value.start + _ARRAY_HEAD_BYTES
    for _ in range(value.items[1] if value.items else 0):
        yield cursor.text(MOST_ITEM_BYTES, f"item of {value.key}")


def number_of(source: Source, value: Value) -> int | None:
    """Return a value that is one whole number; None if it is something else."""
    if value.kind not in _WHOLE:
        return None
    data = source.read_exactly(value.start, value.end - value.start)
    return int.from_bytes(data, "little", signed=_FORMS[value.kind].islower())


def _value(cursor: Cursor) -> Value:
    key = cursor.text(MOST_KEY_BYTES, "name of a value")
    if not _KEY.fullmatch(key):
        raise RefusedError("gguf/name", f"value has the name {quoted(key)}")
    kind, items = cursor.u32(), None
    start = cursor.at
    if kind == ARRAY:
        items = cursor.u32(), cursor.u64()
        _skip_items(cursor, key, *items)
    elif kind == TEXT:
        cursor.text(MOST_TEXT_BYTES, f"value {key}")
    else:
        _skip_items(cursor, key, kind, 1)
    return Value(key=key, kind=kind, items=items, start=start, end=cursor.at)


def _skip_items(cursor: Cursor, key: str, kind: int, count: int) -> None:
    """Go past values of one type, each checked as far as it can be wrong."""
    if count > MOST_ITEMS:
        raise RefusedError("gguf/size", f"array {key} claims {count} items")
    if kind == TEXT:
        for _ in range(count):
            length = cursor.u64()
            if length > MOST_ITEM_BYTES:
                raise RefusedError("gguf/size", f"item of {key} has {length} bytes")
            cursor.skip(length)
    elif kind not in _FORMS:
        raise RefusedError("gguf/type", f"value {key} is of the unknown type {kind}")
    elif kind == BOOL:
        if cursor.take(min(count, cursor.left)).strip(b"\0\x01"):
            raise RefusedError("gguf/type", f"value {key} is neither true nor false")
    else:
        cursor.skip(count * struct.calcsize("<" + _FORMS[kind]))


def _alignment(values: tuple[Value, ...], source: Source) -> int:
    for value in values:
        if value.key == ALIGNMENT_KEY:
            length = value.end - value.start
            found = int.from_bytes(source.read_exactly(value.start, length), "little")
            power = found > 0 and found & (found - 1) == 0
            if (
                value.kind != U32
                or not power
                or not LEAST_ALIGNMENT <= found <= MOST_ALIGNMENT
            ):
                raise RefusedError("gguf/layout", f"alignment of {found} bytes")
            return found
    return DEFAULT_ALIGNMENT


def _tensor(cursor: Cursor, alignment: int) -> Tensor:
    name = cursor.text(MOST_TENSOR_NAME, "name of a tensor")
    if not is_plain_name(name):
        raise RefusedError("gguf/name", f"tensor has the name {quoted(name)}")
    count = cursor.u32()
    if not 1 <= count <= MOST_DIMENSIONS:
        raise RefusedError(
            "gguf/shape", f"tensor {quoted(name)} has {count} dimensions"
        )
    shape = tuple(cursor.u64() for _ in range(count))
    kind, offset = cursor.u32(), cursor.u64()
    if kind not in BLOCKS:
        raise RefusedError("gguf/type", f"tensor {quoted(name)} has the type {kind}")
    elements, bytes_ = BLOCKS[kind]
    total = 1
    for size in shape:
        total *= size  # at most four numbers of 64 bits
    if not 0 < total <= MOST_ELEMENTS or shape[0] % elements:
        raise RefusedError("gguf/shape", f"tensor {quoted(name)} has the shape {shape}")
    if offset % alignment:
        raise RefusedError("gguf/layout", f"tensor {quoted(name)} is not aligned")
    return Tensor(
        name=name,
        shape=shape,
        kind=kind,
        offset=offset,
        length=total // elements * bytes_,
    )


def _verify_unique(what: str, names: list[str]) -> None:
    if len(set(names)) != len(names):
        twice = Counter(names).most_common(1)[0][0]
        raise RefusedError("gguf/twice", f"{what} {quoted(twice)} stands twice")


def _verify_layout(tensors: tuple[Tensor, ...], alignment: int, left: int) -> None:
    """Check that tensors cover what follows the head, but for their alignment."""
    end = 0
    for tensor in sorted(tensors, key=lambda tensor: tensor.offset):
        begin = end + -end % alignment
        if tensor.offset != begin:
            raise RefusedError(
                "gguf/layout",
                f"tensor {quoted(tensor.name)} lies at {tensor.offset}, not {begin}",
            )
        end = tensor.offset + tensor.length
        if end > left:
            raise RefusedError(
                "file/cut", f"tensor {quoted(tensor.name)} ends behind the file"
            )
    if left - end >= alignment:
        raise RefusedError("gguf/layout", f"{left - end} bytes belong to no tensor")
