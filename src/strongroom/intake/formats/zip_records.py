"""The records of a zip file, each read from bytes of known length and bounded.

Only what a writer of models writes is known; every other flag, method or extra field is
refused, because two readers may understand it differently.

Source: PKWARE APPNOTE.TXT 6.3.10, section 4.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from strongroom.errors import InputError
from strongroom.intake.findings import RefusedError, quoted
from strongroom.intake.names import verify_path

LOCAL_BYTES = 30
CENTRAL_BYTES = 46
DESCRIPTORS = {16: struct.Struct("<4s3L"), 24: struct.Struct("<4sLQQ")}
"""A descriptor with its signature: 16 bytes, or 24 in zip64."""

STORED, DEFLATED = 0, 8
_ZIP64_VERSION = 45  # "4.5", the newest that needs nothing else

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_WIDE = struct.Struct("<Q")
_FULL, _FULL_SHORT = 0xFFFFFFFF, 0xFFFF  # "look at the zip64 field"

_HAS_DESCRIPTOR, _IS_UTF8 = 0x0008, 0x0800
_KNOWN_FLAGS = 0x0006 | _HAS_DESCRIPTOR | _IS_UTF8  # 6: how hard deflate tried

_ZIP64 = 0x0001
# PyTorch's padding; times and owners from Info-ZIP.
_KNOWN_EXTRAS = {_ZIP64, 0x4246, 0x5455, 0x7875}
_UNIX = 3  # the system of which a member's mode is
_REGULAR = 0o100000
_FOLDER = 0o040000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A member as one of its two headers describes it.

    Attributes:
        raw_name: As it stands there.
        name: The same as text; ends with ``/`` if it is a folder.
        flags: Of the bits in ``_KNOWN_FLAGS``.
        method: ``STORED`` or ``DEFLATED``.
        crc: CRC-32 of its bytes.
        packed: Bytes in the file.
        size: Bytes when unpacked.
        start: Where its local header begins.
    """

    raw_name: bytes
    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    start: int

    @property
    def has_descriptor(self) -> bool:
        """Return whether CRC and sizes stand behind the bytes."""
        return bool(self.flags & _HAS_DESCRIPTOR)

    @property
    def is_folder(self) -> bool:
        """Return whether it only names a folder."""
        return self.name.endswith("/")


def central_lengths(fixed: bytes) -> int:
    """Return how many bytes follow the fixed part of a central header."""
    return sum(_CENTRAL.unpack(fixed)[10:13])


def parse_central(record: bytes) -> Entry:
    """Return the entry of one whole central header.

    Raises:
        RefusedError: Something in it is not what writers of models write.
    """
    (mark, made, needs, flags, method, _, _, crc, packed, size, named, extra, comment,
     disk, _, attributes, start) = _CENTRAL.unpack_from(record)  # fmt: skip
    if mark != b"PK\x01\x02":
        raise RefusedError("zip/directory", "the central directory is malformed")
    raw = record[CENTRAL_BYTES : CENTRAL_BYTES + named]
    name = _name(raw, flags)
    if comment or disk not in {0, _FULL_SHORT}:
        raise _refused("zip/directory", "has a comment, or lies on another disk", name)
    if made >> 8 == _UNIX:
        _verify_mode(attributes >> 16, name)
    field = record[CENTRAL_BYTES + named : CENTRAL_BYTES + named + extra]
    size, packed, start = _zip64(field, (size, packed, start), name)
    _verify_kind(needs, flags, method, name)
    return Entry(
        raw_name=raw, name=name, flags=flags, method=method, crc=crc,
        packed=packed, size=size, start=start,
    )  # fmt: skip


def local_lengths(fixed: bytes) -> tuple[int, int]:
    """Return the bytes of name and extra field behind a local header.

    Raises:
        RefusedError: No local header begins there.
    """
    mark, *_, named, extra = _LOCAL.unpack(fixed)
    if mark != b"PK\x03\x04":
        raise RefusedError("zip/local", "a member's own header is not where it belongs")
    return named, extra


def verify_local(record: bytes, central: Entry) -> None:
    """Check that the header before a member says what the directory says.

    Args:
        record: The whole local header, with name and extra field.
        central: The member as the directory describes it.

    Raises:
        RefusedError: They differ; a reader that trusts the other one would see
            another file.
    """
    (_, needs, flags, method, _, _, crc, packed, size, named, _) = _LOCAL.unpack_from(
        record
    )
    name = central.name
    _verify_kind(needs, flags, method, name)
    raw = record[LOCAL_BYTES : LOCAL_BYTES + named]
    field = record[LOCAL_BYTES + named :]
    if raw != central.raw_name:
        raise _refused("zip/local", f"calls itself {quoted(_shown(raw))}", name)
    if flags != central.flags or method != central.method:
        raise _refused("zip/local", "has other flags or another method there", name)
    if central.has_descriptor and (crc, packed, size) == (0, 0, 0):
        _verify_repeated(field, central)
        return
    size, packed, _ = _zip64(field, (size, packed, 0), name)
    if (crc, packed, size) != (central.crc, central.packed, central.size):
        raise _refused("zip/local", "has another length or CRC there", name)


def _verify_repeated(field: bytes, central: Entry) -> None:
    """Check a zip64 field beside lengths of 0, where the descriptor has the real ones.

    PyTorch writes one from 4 GiB on: length, 0 and the member's own place.
    """
    true = {0, central.size, central.packed, central.start}
    for kind, data in _extras(field, central.name):
        whole = len(data) % _WIDE.size == 0
        if kind == _ZIP64 and not (
            whole and all(number in true for (number,) in _WIDE.iter_unpack(data))
        ):
            raise _refused("zip/local", "has another length there", central.name)


def verify_descriptor(record: bytes, central: Entry) -> None:
    """Check what stands behind a member's bytes.

    Raises:
        RefusedError: It is no descriptor, or says something else.
    """
    form = DESCRIPTORS.get(len(record))
    said = form.unpack(record) if form else ()
    if said != (b"PK\x07\x08", central.crc, central.packed, central.size):
        raise _refused("zip/local", "is not followed by its descriptor", central.name)


def _zip64(
    field: bytes, numbers: tuple[int, int, int], name: str
) -> tuple[int, int, int]:
    """Return size, packed size and start, from the extra field where it has them."""
    values = list(numbers)
    for kind, data in _extras(field, name):
        if kind != _ZIP64:
            continue
        missing = [place for place, value in enumerate(values) if value == _FULL]
        if len(data) != 8 * len(missing):
            raise _refused("zip/extra", "has a zip64 field of another length", name)
        for place, (value,) in zip(missing, _WIDE.iter_unpack(data), strict=True):
            values[place] = value
    size, packed, start = values
    return size, packed, start


def _extras(field: bytes, name: str) -> Iterator[tuple[int, bytes]]:
    seen: set[int] = set()
    while field:
        kind = int.from_bytes(field[:2], "little")
        length = int.from_bytes(field[2:4], "little")
        if len(field) < 4 + length or kind not in _KNOWN_EXTRAS or kind in seen:
            raise _refused("zip/extra", f"has the extra field 0x{kind:04x}", name)
        seen.add(kind)
        yield kind, field[4 : 4 + length]
        field = field[4 + length :]


def _name(raw: bytes, flags: int) -> str:
    shown = _shown(raw)
    try:
        name = raw.decode("utf-8" if flags & _IS_UTF8 else "ascii")
        verify_path(name.removesuffix("/"))
    except UnicodeDecodeError:
        raise RefusedError(
            "zip/name", f"the member name {quoted(shown)} is not UTF-8"
        ) from None
    except InputError as error:
        raise RefusedError("zip/name", str(error), place=quoted(shown)) from None
    if "\\" in name:
        raise _refused("zip/name", "has a name that Windows would read otherwise", name)
    return name


def _shown(raw: bytes) -> str:
    return raw[:200].decode("utf-8", "backslashreplace")


def _verify_kind(needs: int, flags: int, method: int, name: str) -> None:
    if flags & ~_KNOWN_FLAGS:
        raise _refused(
            "zip/flag", f"is encrypted or has unknown flags: 0x{flags:04x}", name
        )
    if method not in {STORED, DEFLATED} or needs > _ZIP64_VERSION:
        raise _refused("zip/method", f"needs another reader: method {method}", name)


def _verify_mode(mode: int, name: str) -> None:
    kind = mode & 0o170000
    if kind not in {0, _FOLDER if name.endswith("/") else _REGULAR}:
        raise _refused("zip/link", f"is a link or a device: mode 0{mode:o}", name)


def _refused(rule: str, what: str, name: str) -> RefusedError:
    return RefusedError(rule, f"zip member {quoted(name)} {what}", place=name[:200])
