"""Arrays of numpy that are more than numbers."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from tests.corpus.assembling import zipped
from tests.corpus.checkpoints import PAYLOAD
from tests.corpus.samples import Sample, malicious


def array(header: str, data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    """Return an ``.npy`` file with this header."""
    text = header.encode() + b"\n"
    size = "<H" if version == b"\x01\x00" else "<L"
    return b"\x93NUMPY" + version + struct.pack(size, len(text)) + text + data


OBJECT = array("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", PAYLOAD)
NUMBERS = array("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", bytes(8))


def samples() -> Iterator[Sample]:
    """Give arrays of objects, and headers that other readers evaluate."""
    for name, data in _arrays():
        yield malicious("npy", name, "model.npy", data)
    for name, members in _archives():
        yield malicious("npy", name, "model.npz", zipped(members))


def _arrays() -> Iterator[tuple[str, bytes]]:
    yield "object", OBJECT
    yield (
        "object-in-a-record",
        array(
            "{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (1,), }", PAYLOAD
        ),
    )
    yield (
        "object-version-2",
        array(
            "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
            PAYLOAD,
            b"\x02\x00",
        ),
    )
    yield (
        "object-version-3",
        array(
            "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
            PAYLOAD,
            b"\x03\x00",
        ),
    )
    yield (
        "header-calls",
        array(
            "{'descr': __import__('os').system('x'), 'fortran_order': False, 'shape': (1,), }",
            bytes(4),
        ),
    )
    yield "header-nested", array("(" * 60_000, b"", b"\x02\x00")
    yield (
        "shape-bomb",
        array(
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776,), }",
            bytes(4),
        ),
    )
    yield (
        "shape-overflow",
        array(
            "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 4), }",
            bytes(4),
        ),
    )
    yield (
        "shape-negative",
        array("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", bytes(4)),
    )
    yield "more-after", NUMBERS + PAYLOAD
    yield (
        "key-twice",
        array(
            "{'descr': '<f4', 'descr': '|O', 'fortran_order': False, 'shape': (2,), }",
            bytes(8),
        ),
    )
    yield (
        "header-length-bomb",
        b"\x93NUMPY\x02\x00" + struct.pack("<L", 0xFFFFFFFF) + b"{}",
    )


def _archives() -> Iterator[tuple[str, dict[str, bytes]]]:
    yield "npz-object", {"a.npy": OBJECT}
    yield "npz-object-last", {"a.npy": NUMBERS, "b.npy": OBJECT}
    yield "npz-pickle", {"a.npy": NUMBERS, "b.pkl": PAYLOAD}
    yield "npz-pickle-called-npy", {"a.npy": PAYLOAD}
    yield "npz-traversal", {"../a.npy": NUMBERS}
