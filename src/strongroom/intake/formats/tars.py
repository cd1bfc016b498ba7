"""A strict reader of tar files, as windows on their members.

Tar has many dialects, and readers differ about the rarer ones.  So only plain files and
folders pass, with the long names of GNU and of POSIX, and nothing behind the end.

Source: POSIX.1-2017, "pax Interchange Format" and "ustar Interchange Format".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from strongroom.errors import InputError
from strongroom.intake.findings import RefusedError, quoted
from strongroom.intake.names import verify_paths
from strongroom.intake.sources import Source

BLOCK_BYTES = 512
MOST_MEMBERS = 10_000
MOST_HEADER_BYTES = 65_536
"""Of an extended header, which holds a long name and times."""

_FOLDER, _LONG_NAME, _EXTENDED, _GLOBAL = b"5", b"L", b"x", b"g"
_FILES = frozenset({b"0", b"\0"})
_HARMLESS = frozenset(
    {"mtime", "atime", "ctime", "uid", "gid", "uname", "gname", "comment"}
)
_MOST_DIGITS = 18
_RECORD = re.compile(rb"(\d{1,6}) ([^=\n]{1,64})=")
_OCTAL = re.compile(rb" *([0-7]{1,12})[ \0]*")


def read_tar(source: Source) -> dict[str, Source]:
    """Return a window on each file, by name.

    Args:
        source: The whole tar file, not compressed.

    Raises:
        RefusedError: A header is malformed, a member is a link, a device or of another
            kind, names collide or lead away, or something stands behind the end.
    """
    found: dict[str, Source] = {}
    folders: set[str] = set()
    at, said = 0, dict[str, str]()
    for _ in range(2 * MOST_MEMBERS):
        block = source.read_exactly(at, BLOCK_BYTES)
        at += BLOCK_BYTES
        if not any(block):
            _verify_end(source, at)
            return _verified(found)
        kind, name, size = _header(block)
        is_extension = kind in {_EXTENDED, _LONG_NAME, _GLOBAL}
        if not is_extension:
            size = _number_of(said, size)
        data = source.window(at, size)
        at += size + -size % BLOCK_BYTES
        if is_extension:
            _extend(kind, data, said)
            continue
        name = said.pop("path", name).removeprefix("./")
        said.clear()
        plain = name.rstrip("/")
        if plain in found or (kind != _FOLDER and plain in folders):
            raise RefusedError("tar/name", f"{quoted(name)} stands twice")
        if kind in _FILES:
            found[name] = data
        elif kind == _FOLDER and not size:
            folders.add(plain)
        else:
            raise RefusedError(
                "tar/kind", f"member {quoted(name)} is a link, a device, or the like"
            )
    raise RefusedError("tar/count", f"tar file has over {MOST_MEMBERS} members")


def _header(block: bytes) -> tuple[bytes, str, int]:
    """Return kind, name and size of a member."""
    claimed = _octal(block[148:156])
    if claimed != sum(block[:148]) + sum(block[156:]) + 8 * ord(" "):
        raise RefusedError("tar/header", "the sum of a header is wrong")
    prefix = block[345:500]
    if block[257:263] != b"ustar\0" and any(prefix):
        # Some readers take it as a part of the name, and others as times.
        raise RefusedError("tar/header", "a header of GNU has a prefix")
    parts = [part.partition(b"\0")[0] for part in (prefix, block[:100])]
    name = _text(b"/".join(part for part in parts if part))
    return block[156:157], name, _size(block[124:136])


def _size(field: bytes) -> int:
    """Return a length: in octal digits, or in binary where it is over 8 GiB."""
    if field[:1] == b"\x80":
        size = int.from_bytes(field[1:], "big")
        if size >= 1 << 62:
            raise RefusedError("tar/header", f"a member of {size} bytes")
        return size
    return _octal(field)


def _octal(field: bytes) -> int:
    digits = _OCTAL.fullmatch(field)
    if digits is None:
        raise RefusedError("tar/header", "a number of a header is no number")
    return int(digits[1], 8)


def _extend(kind: bytes, data: Source, said: dict[str, str]) -> None:
    """Take in what a header says about the member behind it."""
    if data.length > MOST_HEADER_BYTES:
        raise RefusedError("tar/header", f"extended header has {data.length} bytes")
    content = data.read_exactly(0, data.length)
    fields: Mapping[str, str] = (
        {"path": _text(content.rstrip(b"\0"))}
        if kind == _LONG_NAME
        else _records(content)
    )
    allowed = _HARMLESS if kind == _GLOBAL else _HARMLESS | {"path", "size"}
    # Readers differ about which of two headers before one member counts.
    odd = sorted(fields.keys() - allowed) or (kind != _GLOBAL and sorted(said))
    if odd:
        raise RefusedError("tar/header", f"extended header sets {quoted(odd[0])}")
    said.update((k, v) for k, v in fields.items() if k in {"path", "size"})


def _records(content: bytes) -> dict[str, str]:
    """Return the records of an extended header: ``length key=value``."""
    found: dict[str, str] = {}
    at = 0
    while at < len(content):
        record = _RECORD.match(content, at)
        end = at + int(record[1]) if record else 0
        fits = record and record.end() < end <= len(content)
        if not fits or not record or content[end - 1 : end] != b"\n":
            raise RefusedError("tar/header", "extended header is malformed")
        key = _text(record[2])
        if key in found:
            raise RefusedError(
                "tar/header", f"extended header sets {quoted(key)} twice"
            )
        found[key] = _text(content[record.end() : end - 1])
        at = end
    return found


def _number_of(said: dict[str, str], size: int) -> int:
    text = said.pop("size", "")
    if not text:
        return size
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise RefusedError("tar/header", f"a member of {quoted(text)} bytes")
    return int(text)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise RefusedError("tar/name", "a name is not UTF-8") from None


def _verified(found: dict[str, Source]) -> dict[str, Source]:
    if len(found) > MOST_MEMBERS:
        raise RefusedError("tar/count", f"tar file has over {MOST_MEMBERS} members")
    try:
        verify_paths(found)
    except InputError as error:
        raise RefusedError("tar/name", str(error)) from None
    return found


def _verify_end(source: Source, at: int) -> None:
    """Check that nothing but zeros follows the first empty block."""
    for piece in source.pieces(at, source.length - at):
        if piece.strip(b"\0"):
            raise RefusedError("tar/end", "something stands behind the end")
