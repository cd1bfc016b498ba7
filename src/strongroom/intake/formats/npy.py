"""Rewrites numpy's ``.npy`` and ``.npz`` as safetensors.

The header of an array is a Python literal, and numpy evaluates it; an array of objects
is a pickle.  Here the header is matched against the one form that numpy writes.

Source: the docstring of ``numpy.lib.format``, versions 1.0 to 3.0 of the format.
"""

from __future__ import annotations

import array
import re
from dataclasses import dataclass
from functools import reduce
from operator import mul

from strongroom.intake.findings import RefusedError, listed, quoted, refusing
from strongroom.intake.formats.zips import open_members, read_archive
from strongroom.intake.names import base_of, with_ending
from strongroom.intake.rewriting import Options, Rewritten, Workplace, fill
from strongroom.intake.sources import Source
from strongroom.intake.weights import Weight, digest_facts, write_weights

MAGIC = b"\x93NUMPY"
MOST_HEADER_BYTES = 1 << 16
MOST_REORDERED_BYTES = 1 << 30
"""Of an array in column order, which has to be in memory to be turned."""

_MOST_DIMENSIONS = 64
_PREFIX_BYTES = 12  # up to the header of a version that has a longer length
_ENDING = ".npy"
_OUTPUT = ".safetensors"
_DTYPES = {
    "b1": "BOOL", "i1": "I8", "u1": "U8", "i2": "I16", "u2": "U16", "f2": "F16",
    "i4": "I32", "u4": "U32", "f4": "F32", "i8": "I64", "u8": "U64", "f8": "F64",
    "c8": "C64",
}  # fmt: skip
_HINTS = {
    "c": "save pairs of numbers: array.view('f8'), with one more dimension of 2",
    "f": "save it with fewer digits: array.astype('f8')",
    "M": "save dates as numbers: array.astype('i8')",
    "m": "save times as numbers: array.astype('i8')",
    "U": "keep texts in a JSON or text file beside it",
    "S": "keep texts in a JSON or text file beside it",
    "V": "save it as bytes: array.view('u1')",
}
"""What to do with a type of numpy that safetensors has no place for, by its letter."""

_RECORDS = re.compile(r"'descr'\s*:\s*\[")
_RECORDS_HINT = "save each field by itself: numpy.savez(path, a=array['a'], ...)"
_HEADER = re.compile(r"\{(?P<pairs>.*)\}\s*", re.DOTALL)
_PAIR = re.compile(
    r"\s*'(?:descr'\s*:\s*'(?P<descr>[^'\\]{1,40})'"
    r"|fortran_order'\s*:\s*(?P<order>True|False)"
    r"|shape'\s*:\s*\((?P<shape>[\d ,L]*)\))\s*,?\s*"
)
_KEYS = frozenset({"descr", "order", "shape"})
_SIZES = re.compile(r"\s*(?:\d{1,16}L?\s*,\s*)*(?:\d{1,16}L?)?\s*")
_SWAPPED = {2: "H", 4: "I", 8: "Q"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Array:
    """What one header says, and where its values lie."""

    dtype: str
    item_bytes: int
    shape: tuple[int, ...]
    is_swapped: bool
    is_columns: bool
    data: Source


def rewrite(source: Source, workplace: Workplace, options: Options) -> Rewritten:
    """Write one array to a safetensors file, under the name ``array``.

    Args:
        source: A ``.npy`` file.
        workplace: Where the new file goes: the old name with ``.safetensors``.
        options: Not used.

    Raises:
        RefusedError: The header has another form, the type is not one of numbers, or
            the file has another length than the array.
    """
    del options
    return _written("npy", source, {"array": source}, workplace)


def rewrite_npz(source: Source, workplace: Workplace, options: Options) -> Rewritten:
    """Write every array of an archive to one safetensors file.

    Args:
        source: A ``.npz`` file.
        workplace: Where the new file goes: the old name with ``.safetensors``.
        options: Not used.

    Raises:
        RefusedError: The zip file is not strict, or as for ``rewrite``.
    """
    del options
    members = open_members(read_archive(source).values(), workplace)
    odd = [name for name in members if not name.endswith(_ENDING)]
    if odd:
        raise RefusedError("npy/member", f"archive holds {quoted(odd[0])}, no array")
    arrays = {name.removesuffix(_ENDING): member for name, member in members.items()}
    return _written("npz", source, arrays, workplace)


def _written(
    kind: str, source: Source, arrays: dict[str, Source], workplace: Workplace
) -> Rewritten:
    read = {name: _checked(name, member) for name, member in arrays.items()}
    weights = [_weight(name, array, workplace) for name, array in read.items()]
    base = base_of(source.path, (_OUTPUT,), workplace.names)
    output = with_ending(base, _OUTPUT)
    with refusing("npy/tensor"):
        digests = write_weights(workplace, output, weights)
    swapped = [name for name, array in read.items() if array.is_swapped]
    turned = [name for name, array in read.items() if array.is_columns]
    return Rewritten(
        kind=kind,
        outputs=(output,),
        facts={"tensors": digest_facts(digests)},
        changes=(
            *(
                (f"big-endian values turned round: {listed(swapped)}",)
                if swapped
                else ()
            ),
            *((f"put from column in row order: {listed(turned)}",) if turned else ()),
        ),
    )


def _checked(name: str, source: Source) -> _Array:
    try:
        return _read(source)
    except RefusedError as error:
        raise _at(name, error) from None


def _weight(name: str, read: _Array, workplace: Workplace) -> Weight:
    try:
        data = _in_rows(read, workplace)
    except RefusedError as error:
        raise _at(name, error) from None
    return Weight(name=name, dtype=read.dtype, shape=read.shape, source=data, offset=0)


def _at(name: str, error: RefusedError) -> RefusedError:
    """Return the same refusal with the array's name."""
    return RefusedError(error.rule, str(error), place=name[:200], hint=error.hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What a header says of an array; nothing of it is checked against its values.

    Attributes:
        descr: Type of a value, in numpy's letters.
        is_columns: Whether columns come first.
        shape: Values per dimension.
        data: What follows the header.
    """

    descr: str
    is_columns: bool
    shape: tuple[int, ...]
    data: Source


def read_layout(source: Source) -> Layout:
    """Return what the header of an array says.

    Raises:
        RefusedError: It has another form than numpy writes, or the array holds objects.
    """
    prefix = source.read(0, _PREFIX_BYTES)
    major = prefix[6:8]
    if len(prefix) < _PREFIX_BYTES or prefix[:6] != MAGIC:
        raise RefusedError("npy/header", "file is no numpy array")
    if major not in {b"\x01\0", b"\x02\0", b"\x03\0"}:
        raise RefusedError("npy/header", f"array has the version {list(major)}")
    begin = 10 if major == b"\x01\0" else 12
    length = int.from_bytes(prefix[8:begin], "little")
    if length > MOST_HEADER_BYTES:
        raise RefusedError("npy/header", f"header of an array has {length} bytes")
    header = source.read_exactly(begin, length)
    descr, is_columns, shape = _parse(header.decode("latin-1"))
    if descr[1:] == "O":
        raise RefusedError(
            "npy/object",
            "array holds objects, which is a pickle",
            hint="save it as numbers: array.astype(float)",
        )
    data = source.window(begin + length, source.length - begin - length)
    return Layout(descr=descr, is_columns=is_columns, shape=shape, data=data)


def _read(source: Source) -> _Array:
    """Return what a header says, after its values were found to fill the file."""
    layout = read_layout(source)
    type_, shape, data = layout.descr, layout.shape, layout.data
    order, name = type_[:1], type_[1:]
    if name not in _DTYPES or order not in "<>|=" or (order == "|" and name[1] != "1"):
        hint = _HINTS.get(name[:1], "")
        raise RefusedError("npy/type", f"array has the type {quoted(type_)}", hint=hint)
    item_bytes = int(name[1:])
    values = reduce(mul, shape, 1)  # at most 32 numbers below 10^16
    if values * item_bytes != data.length:
        raise RefusedError(
            "npy/length",
            f"array of {values} values of {item_bytes} bytes, in {data.length} bytes",
        )
    return _Array(
        dtype=_DTYPES[name],
        item_bytes=4 if name == "c8" else item_bytes,
        shape=shape,
        is_swapped=order == ">" and item_bytes > 1,
        is_columns=layout.is_columns and len(shape) > 1,
        data=data,
    )


def _parse(header: str) -> tuple[str, bool, tuple[int, ...]]:
    """Return type, whether columns come first, and shape."""
    whole = _HEADER.fullmatch(header)
    found: dict[str, str] = {}
    at, pairs = 0, whole["pairs"] if whole else ""
    while (pair := _PAIR.match(pairs, at)) and pair.lastgroup not in found:
        found[str(pair.lastgroup)] = pair[str(pair.lastgroup)]
        at = pair.end()
    fits = found.keys() == _KEYS and at == len(pairs)
    sizes = found.get("shape", "")
    shape = tuple(map(int, re.findall(r"\d+", sizes))) if fits else ()
    if not fits or not _SIZES.fullmatch(sizes) or len(shape) > _MOST_DIMENSIONS:
        raise RefusedError(
            "npy/header",
            f"header is not what numpy writes: {quoted(header.strip())}",
            hint=_RECORDS_HINT if _RECORDS.search(header) else "",
        )
    return found["descr"], found["order"] == "True", shape


def _in_rows(read: _Array, workplace: Workplace) -> Source:
    """Return a window on the values in row order, little-endian."""
    data = read.data
    if read.is_swapped:
        data = _swapped(read, workplace)
    if not read.is_columns or not data.length:
        return data
    if data.length > MOST_REORDERED_BYTES:
        raise RefusedError(
            "npy/length",
            f"array in column order has {data.length} bytes of {MOST_REORDERED_BYTES}",
            hint="save it in row order: numpy.ascontiguousarray(array)",
        )
    return _turned(read, data, workplace)


def _swapped(read: _Array, workplace: Workplace) -> Source:
    room = workplace.room(read.data.length, path=read.data.path)
    at = 0
    for piece in read.data.pieces():
        values = array.array(_SWAPPED[read.item_bytes], piece)
        values.byteswap()
        fill(room, at, values.tobytes())
        at += len(piece)
    return room


def _turned(read: _Array, data: Source, workplace: Workplace) -> Source:
    import numpy as np  # noqa: PLC0415  # 70 ms, and seldom needed

    values = np.frombuffer(data.read_exactly(0, data.length), "u1")
    size = data.length // reduce(mul, read.shape)
    columns = values.reshape(size, *read.shape, order="F")
    room = workplace.room(data.length, path=data.path)
    fill(room, 0, np.moveaxis(columns, 0, -1).tobytes("C"))
    return room
