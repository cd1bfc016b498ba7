"""Writes a zip file of stored members, the same bytes for the same members.

Source: PKWARE APPNOTE.TXT 6.3.10.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping

from strongroom.intake.findings import RefusedError
from strongroom.intake.rewriting import Workplace
from strongroom.intake.sources import Source

MOST_BYTES = (1 << 32) - (1 << 24)
"""Of the whole file: more would need the fields of zip64."""

MOST_MEMBERS = 0xFFFF - 1
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_VERSION, _STORED, _DATE = 20, 0, 0x21  # 1980-01-01, the first day there is

Content = bytes | tuple[bytes, Source]
"""Bytes, or bytes and a window that follows them."""


def write_zip(workplace: Workplace, name: str, members: Mapping[str, Content]) -> None:
    """Write a zip file.

    Args:
        workplace: Where to.
        name: Of the file.
        members: Contents by name; names are ASCII.

    Raises:
        RefusedError: It would be too large, a window is cut, or the file cannot be
            made.
    """
    total = sum(_length(content) for content in members.values())
    if total > MOST_BYTES or len(members) > MOST_MEMBERS:
        raise RefusedError("zip/count", f"{total} bytes are too many for a zip file")
    directory: list[bytes] = []
    at = 0
    with workplace.create(name) as file:
        for member, content in members.items():
            label, length = member.encode("ascii"), _length(content)
            facts = (0, _STORED, 0, _DATE, _crc(content), length, length, len(label), 0)
            file.append(_LOCAL.pack(b"PK\x03\x04", _VERSION, *facts) + label)
            for piece in _pieces(content):
                file.append(piece)
            directory.append(
                _CENTRAL.pack(
                    *(b"PK\x01\x02", _VERSION, _VERSION, *facts), 0, 0, 0, 0, at
                )
                + label
            )
            at += _LOCAL.size + len(label) + length
        for record in directory:
            file.append(record)
        size, count = sum(map(len, directory)), len(directory)
        file.append(_END.pack(b"PK\x05\x06", 0, 0, count, count, size, at, 0))


def _pieces(content: Content) -> Iterable[bytes]:
    if isinstance(content, bytes):
        yield content
    else:
        yield content[0]
        yield from content[1].pieces()


def _length(content: Content) -> int:
    if isinstance(content, bytes):
        return len(content)
    return len(content[0]) + content[1].length


def _crc(content: Content) -> int:
    crc = 0
    for piece in _pieces(content):
        crc = zlib.crc32(piece, crc)
    return crc
