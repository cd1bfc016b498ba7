"""Rewrites numpy's ``.npy`` and ``.npz`` as safetensors.

The header of an array is a Python literal, and numpy evaluates it; an array of objects
is a pickle.  Here the header is matched against the one form that numpy writes.  What
safetensors has no type for is said in a tree beside it, as for torch.
"""

from __future__ import annotations

import array
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import mul

from strongroom.canonical import Json, to_json
from strongroom.intake.findings import RefusedError, listed, quoted, refusing
from strongroom.intake.formats.npy_header import read_layout
from strongroom.intake.formats.zips import open_members, read_archive
from strongroom.intake.names import base_of, with_ending
from strongroom.intake.rewriting import Options, Rewritten, Workplace, fill
from strongroom.intake.sources import Source
from strongroom.intake.weights import Weight, digest_facts, write_weights

MOST_REORDERED_BYTES = 1 << 30
"""Of an array in column order, which has to be in memory to be turned."""

_ENDING = ".npy"
_OUTPUT, _TREE = ".safetensors", ".json"
_PAIRS = "c16"
_PARTS = {"c8": 2, _PAIRS: 2}
_DTYPES = {
    "b1": "BOOL", "i1": "I8", "u1": "U8", "i2": "I16", "u2": "U16", "f2": "F16",
    "i4": "I32", "u4": "U32", "f4": "F32", "i8": "I64", "u8": "U64", "f8": "F64",
    "c8": "C64", "c16": "F64",
}  # fmt: skip
_HINTS = {
    "f": "save it with fewer digits: array.astype('f8')",
    "M": "save dates as numbers: array.astype('i8')",
    "m": "save times as numbers: array.astype('i8')",
    "U": "keep texts in a JSON or text file beside it",
    "S": "keep texts in a JSON or text file beside it",
    "V": "save it as bytes: array.view('u1')",
}
"""What to do with a type of numpy that safetensors has no place for, by its letter."""

_SWAPPED = {2: "H", 4: "I", 8: "Q"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Array:
    """What one header says, and where its values lie."""

    dtype: str
    noted: str
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
    base = base_of(source.path, (_OUTPUT, _TREE), workplace.names)
    outputs = [with_ending(base, _OUTPUT)]
    with refusing("npy/tensor"):
        digests = write_weights(workplace, outputs[0], weights)
    if any(array.noted for array in read.values()):
        # Imports what reviews templates; seldom needed.
        from strongroom.intake.formats.states import FORMAT  # noqa: PLC0415

        tree = _tree(read, outputs[0], is_one=kind == "npy")
        outputs.append(with_ending(base, _TREE))
        with workplace.create(outputs[1]) as file:
            file.append(to_json({"format": FORMAT, "root": tree}))
    swapped = [name for name, array in read.items() if array.is_swapped]
    turned = [name for name, array in read.items() if array.is_columns]
    return Rewritten(
        kind=kind,
        outputs=tuple(outputs),
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


def _tree(arrays: Mapping[str, _Array], output: str, *, is_one: bool) -> Json:
    """Return what the arrays are, for those that are stored as another type."""
    nodes: list[Json] = []
    for name, read in arrays.items():
        place: dict[str, Json] = {"file": output.rpartition("/")[2], "name": name}
        if read.noted:
            place["dtype"] = read.noted
        nodes += [name, {"array": place}]
    return nodes[1] if is_one else {"dict": nodes}


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
    shape = (*read.shape, 2) if read.noted else read.shape
    return Weight(name=name, dtype=read.dtype, shape=shape, source=data, offset=0)


def _at(name: str, error: RefusedError) -> RefusedError:
    """Return the same refusal with the array's name."""
    return RefusedError(error.rule, str(error), place=name[:200], hint=error.hint)


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
        noted="complex128" if name == _PAIRS else "",
        item_bytes=item_bytes // _PARTS.get(name, 1),
        shape=shape,
        is_swapped=order == ">" and item_bytes > 1,
        is_columns=layout.is_columns and len(shape) > 1,
        data=data,
    )


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
