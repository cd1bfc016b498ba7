"""Reads the header of a numpy array: a Python literal, of which one form is taken.

Source: the docstring of ``numpy.lib.format``, versions 1.0 to 3.0 of the format.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from strongroom.intake.findings import RefusedError, quoted
from strongroom.intake.sources import Source

MAGIC = b"\x93NUMPY"
MOST_HEADER_BYTES = 1 << 16
_MOST_DIMENSIONS = 64
_PREFIX_BYTES = 12  # up to the header of a version that has a longer length
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
