"""The end of a zip file, which says where its directory lies; nothing may follow it.

Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3.14 to 4.3.16.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from strongroom.intake.findings import RefusedError

END_BYTES = 22
END64_BYTES = 56
LOCATOR_BYTES = 20
TAIL_BYTES = END_BYTES + LOCATOR_BYTES + END64_BYTES

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_FULL, _FULL_SHORT = 0xFFFFFFFF, 0xFFFF  # "look at the zip64 record"


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """Where the central directory lies."""

    entries: int
    start: int
    length: int


def parse_end(tail: bytes, file_bytes: int) -> End:
    """Return where the central directory lies.

    Args:
        tail: The last 98 bytes of the file, or all of a shorter one.
        file_bytes: Length of the file.

    Raises:
        RefusedError: The file does not end with the directory and its end record.
    """
    if len(tail) < END_BYTES or tail[-END_BYTES:][:4] != b"PK\x05\x06":
        raise RefusedError(
            "zip/end",
            "a zip file ends with its end record; this one is cut, or bytes follow",
        )
    (_, disk, first, here, entries, length, start, comment) = _END.unpack(
        tail[-END_BYTES:]
    )
    if disk or first or comment or here != entries:
        raise RefusedError("zip/end", "the end record speaks of disks or a comment")
    before, wide = END_BYTES, _end64(tail, file_bytes)
    if wide is not None:
        before += END64_BYTES + LOCATOR_BYTES
        pairs = zip((entries, length, start), wide, strict=True)
        full = (_FULL_SHORT, _FULL, _FULL)
        if any(n not in {w, f} for (n, w), f in zip(pairs, full, strict=True)):
            raise RefusedError("zip/end", "the two end records disagree")
        entries, length, start = wide
    elif _FULL in {length, start} or entries == _FULL_SHORT:
        raise RefusedError("zip/end", "the zip64 end record is missing")
    if start + length + before != file_bytes:
        raise RefusedError(
            "zip/end", "bytes stand before the zip file, or behind its directory"
        )
    return End(entries=entries, start=start, length=length)


def _end64(tail: bytes, file_bytes: int) -> tuple[int, int, int] | None:
    locator = tail[-END_BYTES - LOCATOR_BYTES : -END_BYTES]
    if len(locator) < LOCATOR_BYTES or locator[:4] != b"PK\x06\x07":
        return None
    record = tail[: -END_BYTES - LOCATOR_BYTES][-END64_BYTES:]
    _, disk, start, disks = _LOCATOR.unpack(locator)
    at = file_bytes - END_BYTES - LOCATOR_BYTES - END64_BYTES
    if disk or disks != 1 or start != at or len(record) < END64_BYTES:
        raise RefusedError("zip/end", "the zip64 end record is not where it belongs")
    mark, rest, _, _, disk, first, here, entries, length, begin = _END64.unpack(record)
    if mark != b"PK\x06\x06" or rest != END64_BYTES - 12 or disk or first:
        raise RefusedError("zip/end", "the zip64 end record is malformed")
    if here != entries:
        raise RefusedError("zip/end", "the zip64 end record speaks of other disks")
    return entries, length, begin
