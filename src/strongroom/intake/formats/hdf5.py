"""Finds the arrays of an HDF5 file, and takes nothing else from it.

The h5py package walks the groups, and is not asked to read the arrays: what is stored
in one stretch is a window on the file, so no filter of HDF5 runs.  Links to other
places, arrays in other files (CVE-2026-1669), filters and objects are refused.

This is the one format whose structure a native library reads; it runs in the sandbox,
where a crash is a refusal.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING, Any

from strongroom.intake.findings import RefusedError, quoted
from strongroom.intake.rewriting import Workplace, fill
from strongroom.intake.sources import Source
from strongroom.intake.weights import Weight

if TYPE_CHECKING:
    import h5py

MOST_OBJECTS = 100_000
MOST_DEPTH = 32
MOST_COMPACT_BYTES = 1 << 16

_DTYPES = {
    "|b1": "BOOL", "|i1": "I8", "|u1": "U8", "<i2": "I16", "<u2": "U16", "<f2": "F16",
    "<i4": "I32", "<u4": "U32", "<f4": "F32", "<i8": "I64", "<u8": "U64", "<f8": "F64",
}  # fmt: skip
_BROKEN = (OSError, KeyError, ValueError, TypeError, RuntimeError, OverflowError)


class _File(io.RawIOBase):
    """A window as h5py wants it: a file that can be read and nothing else."""

    def __init__(self, source: Source) -> None:
        self._source, self._at = source, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._source.length}
        self._at = max(base[whence] + offset, 0)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  # a buffer, of any kind
        view = memoryview(buffer).cast("B")
        data = self._source.read(self._at, len(view))
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


def read_arrays(source: Source, workplace: Workplace) -> list[Weight]:
    """Return every array of a file, by its path in it.

    Args:
        source: The whole file.
        workplace: For small arrays that lie among the structure.

    Raises:
        RefusedError: The file is malformed, links elsewhere, or has an array of
            another kind than numbers in one stretch; or h5py is not installed.
    """
    try:
        import h5py
    except ImportError:
        raise RefusedError(
            "hdf5/absent",
            "the weights of Keras models need the package h5py",
            hint="pip install 'strongroom[keras]'",
        ) from None
    try:
        with h5py.File(_File(source), "r") as file:
            return list(_weights(file, source, workplace))
    except RefusedError:
        raise
    except _BROKEN as error:
        raise RefusedError(
            "hdf5/form", f"HDF5 file is malformed: {quoted(str(error))}"
        ) from None


def _weights(file: h5py.File, source: Source, workplace: Workplace) -> Iterator[Weight]:
    """Walk every group once, without recursion."""
    import h5py

    left: list[tuple[str, Any, int]] = [("", file, 0)]
    seen: set[int] = set()
    while left:
        path, item, depth = left.pop()
        address = h5py.h5o.get_info(item.id).addr
        if address in seen or depth > MOST_DEPTH or len(seen) >= MOST_OBJECTS:
            raise _refused("hdf5/link", path, "stands twice, or too deep")
        seen.add(address)
        if isinstance(item, h5py.Dataset):
            yield _weight(path, item, source, workplace)
            continue
        if not isinstance(item, h5py.Group):
            raise _refused("hdf5/link", path, "is neither a group nor an array")
        for name in sorted(item, reverse=True):
            below = f"{path}/{name}" if path else str(name)
            if not isinstance(item.get(name, getlink=True), h5py.HardLink):
                raise _refused("hdf5/link", below, "links to another place")
            left.append((below, item[name], depth + 1))


def _weight(path: str, item: Any, source: Source, workplace: Workplace) -> Weight:  # noqa: ANN401  # h5py is untyped
    """Return the window on one array."""
    kind, shape = item.dtype, item.shape  # h5py asks the library at each look
    dtype = _DTYPES.get(kind.str)
    settings = item.id.get_create_plist()
    if dtype is None or kind.names or shape is None:
        raise _refused("hdf5/type", path, f"is of the type {kind}")
    if item.is_virtual or item.external or settings.get_external_count():
        raise _refused("hdf5/link", path, "lies in another file")
    if settings.get_nfilters() or item.chunks is not None:
        raise _refused("hdf5/filter", path, "is packed, or stored in pieces")
    length = prod(shape) * kind.itemsize
    if item.id.get_storage_size() != length:
        raise _refused("hdf5/type", path, "is longer or shorter than its shape")
    offset = item.id.get_offset()
    if length and offset is None:  # compact: it lies in the header of the object
        return _compact(path, item, dtype, length, workplace)
    window = source.window(offset or 0, length)
    return Weight(name=path, dtype=dtype, shape=shape, source=window, offset=0)


def _compact(
    path: str,
    item: Any,  # noqa: ANN401  # as above
    dtype: str,
    length: int,
    workplace: Workplace,
) -> Weight:
    if length > MOST_COMPACT_BYTES:
        raise _refused("hdf5/type", path, "was never written")
    room = workplace.room(length, path=path)
    fill(room, 0, item[()].tobytes())
    return Weight(name=path, dtype=dtype, shape=item.shape, source=room, offset=0)


def _refused(rule: str, path: str, what: str) -> RefusedError:
    return RefusedError(rule, f"{quoted(path or '/')} {what}", place=path[:200])
