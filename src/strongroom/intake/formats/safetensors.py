"""Strict reader of safetensors headers; ``safetensors_writer`` writes them.

The ``safetensors`` package parses a header too, but it takes the second of two
tensors with one name, ignores fields that it does not know, and needs the file
on disk.  What is sealed must mean one thing to every reader, so this reader
refuses whatever two readers could understand differently, and never holds more
than the header.

Source: the format section of the safetensors README; behaviour compared with
safetensors 0.8.0 in ``tests/intake/formats/test_safetensors.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from strongroom.errors import InputError
from strongroom.intake.formats.scanner import Scanner
from strongroom.intake.names import MOST_NAME_BYTES, is_plain_name

DTYPE_BITS: Mapping[str, int] = {
    "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16,
    "I32": 32, "U32": 32, "F32": 32,
    "I64": 64, "U64": 64, "F64": 64, "C64": 64,
}  # fmt: skip
"""Bits of one element of every type that safetensors 0.8 knows."""

METADATA = "__metadata__"
"""The name under which free text stands."""

PREFIX_BYTES = 8
"""The header's length stands before it as a little-endian u64."""

MOST_HEADER_BYTES = 100_000_000
"""The cap of the safetensors package itself."""

MOST_TENSORS = 1_000_000
MOST_METADATA = 100_000
MOST_DIMENSIONS = 64  # what numpy and torch can hold

Read = Callable[[int, int], bytes]
"""Gives up to ``length`` bytes from ``offset``: ``(offset, length) -> bytes``."""

_FIELDS = ("dtype", "shape", "data_offsets")
_MOST_INTEGER = 2**53 - 1  # offsets and shapes stand in canonical JSON later


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorEntry:
    """One tensor of a header.

    Attributes:
        name: Not empty, at most 4 KiB of UTF-8, no control characters.
        dtype: A key of ``DTYPE_BITS``.
        shape: Elements per dimension; ``()`` is a scalar.
        begin: First byte, counted from the end of the header.
        end: One past its last byte.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int

    def __post_init__(self) -> None:
        """Refuse what cannot be a tensor.

        Raises:
            InputError: A field is out of bounds, or the range is not as long as
                shape and type say.
        """
        if not is_plain_name(self.name) or self.name == METADATA:
            raise InputError(
                f"tensor name {self.name[:80]!r} is empty, reserved, has a control "
                f"character, or is longer than {MOST_NAME_BYTES} bytes"
            )
        expected = tensor_bytes(self.dtype, self.shape, name=self.name)
        if not 0 <= self.begin <= self.end <= _MOST_INTEGER:
            raise InputError(
                f"tensor {self.name[:80]!r} has offsets {self.begin} to {self.end}"
            )
        if self.end - self.begin != expected:
            raise InputError(
                f"tensor {self.name[:80]!r} needs {expected} bytes for its shape and "
                f"type, its offsets hold {self.end - self.begin}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetensorsHeader:
    """Everything before the first byte of a tensor.

    Attributes:
        raw: The byte-exact header with its 8 bytes of length in front.
        tensors: Ordered by offset; together they cover the rest of the file.
        metadata: The free text of ``__metadata__``.
    """

    raw: bytes
    tensors: tuple[TensorEntry, ...]
    metadata: Mapping[str, str]


def read_header(read: Read, file_bytes: int) -> SafetensorsHeader:
    """Return the header of a safetensors file, which must cover the whole file.

    Args:
        read: Gives bytes of the file; called twice, for at most 100 MB.
        file_bytes: Length of the whole file.

    Raises:
        InputError: The file is cut, the header is malformed or means different
            things to different readers, or tensors overlap, leave a gap or do
            not end with the file.
    """
    if file_bytes < PREFIX_BYTES:
        raise InputError(f"file is cut: {file_bytes} bytes hold no header")
    prefix = _read_exactly(read, 0, PREFIX_BYTES)
    length, rest = int.from_bytes(prefix, "little"), file_bytes - PREFIX_BYTES
    if length > MOST_HEADER_BYTES:
        raise InputError(
            f"header claims {length} bytes, over the cap of {MOST_HEADER_BYTES}",
            hint="is it a safetensors file?",
        )
    if length > rest:
        raise InputError(f"file is cut: its header needs {length} bytes, {rest} follow")
    body = _read_exactly(read, PREFIX_BYTES, length)
    tensors, metadata = _parse(body)
    verify_layout(tensors, data_bytes=rest - length)
    return SafetensorsHeader(raw=prefix + body, tensors=tensors, metadata=metadata)


def tensor_bytes(dtype: str, shape: Sequence[int], *, name: str) -> int:
    """Return how many bytes a tensor has.

    Args:
        dtype: A key of ``DTYPE_BITS``.
        shape: Elements per dimension.
        name: For the message.

    Raises:
        InputError: The type is unknown, a dimension is negative or too large, or
            the elements do not fill whole bytes.
    """
    if dtype not in DTYPE_BITS:
        raise InputError(f"tensor {name[:80]!r} has the unknown type {dtype[:40]!r}")
    if len(shape) > MOST_DIMENSIONS:
        raise InputError(f"tensor {name[:80]!r} has {len(shape)} dimensions")
    elements = 1
    for dimension in shape:
        elements *= dimension
        # Bounded in every step, so that a later 0 does not hide an overflow.
        if not 0 <= dimension <= _MOST_INTEGER or elements > _MOST_INTEGER:
            raise InputError(f"tensor {name[:80]!r} has an impossible shape")
    whole, rest = divmod(elements * DTYPE_BITS[dtype], 8)
    if rest:
        raise InputError(f"tensor {name[:80]!r} does not end at a whole byte")
    return whole


def verify_layout(tensors: Sequence[TensorEntry], *, data_bytes: int) -> None:
    """Check that tensors in order cover the data once, without gap or rest.

    Args:
        tensors: Ordered by offset.
        data_bytes: Bytes after the header.

    Raises:
        InputError: Two overlap, bytes belong to none, or one ends beyond the file.
    """
    position = 0
    for entry in tensors:
        if entry.begin != position:
            fault = "an overlap" if entry.begin < position else "a gap"
            raise InputError(
                f"{fault} before tensor {entry.name[:80]!r}: it starts at "
                f"{entry.begin}, the one before ends at {position}"
            )
        if entry.end > data_bytes:
            raise InputError(
                f"file is cut or offsets are too large: tensor {entry.name[:80]!r} "
                f"ends at {entry.end}, {data_bytes} bytes follow the header"
            )
        position = entry.end
    if position != data_bytes:
        raise InputError(
            f"{data_bytes - position} bytes after the last tensor belong to none"
        )


def _read_exactly(read: Read, offset: int, length: int) -> bytes:
    data = read(offset, length)
    if len(data) != length:
        raise InputError(
            f"file is cut: {len(data)} of {length} bytes could be read at {offset}"
        )
    return data


def _parse(body: bytes) -> tuple[tuple[TensorEntry, ...], Mapping[str, str]]:
    """Return the tensors by offset and the metadata of a header."""
    if body[:1] != b"{":
        raise InputError("header does not begin with {")
    try:
        scanner = Scanner(body.decode())
    except UnicodeDecodeError:
        raise InputError("header is not UTF-8") from None
    tensors: list[TensorEntry] = []
    metadata: dict[str, str] = {}
    for name in scanner.members(at_most=MOST_TENSORS + 1):
        if name == METADATA:
            for key in scanner.members(at_most=MOST_METADATA):
                metadata[key] = scanner.string()
        else:
            tensors.append(_entry(name, scanner.flat_object()))
    scanner.finish()
    tensors.sort(key=lambda entry: (entry.begin, entry.end))
    return tuple(tensors), metadata


def _entry(name: str, fields: Mapping[str, object]) -> TensorEntry:
    dtype, shape, offsets = map(fields.get, _FIELDS)
    if (
        len(fields) == len(_FIELDS)
        and isinstance(dtype, str)
        and isinstance(shape, list)
        and isinstance(offsets, list)
        and len(offsets) == 2  # noqa: PLR2004  # begin and end
        # A bool is an int to isinstance, and true is no length.
        and {type(number) for number in (*shape, *offsets)} == {int}
    ):
        begin, end = offsets
        return TensorEntry(
            name=name, dtype=dtype, shape=tuple(shape), begin=begin, end=end
        )
    raise InputError(
        f"tensor {name[:80]!r} needs exactly dtype, shape and two data_offsets, "
        "all whole numbers"
    )
