"""One way to turn values into bytes that are signed, hashed, MACed or bound.

``encode`` is for context: a tag and length-prefixed fields, so that no two
different lists of fields share an encoding.  ``to_json`` and ``from_json`` are
for documents: RFC 8785 JSON, restricted to what needs no floating point.

Source: RFC 8785; ``docs/specification/encoding.md``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeAlias

from strongroom.errors import InputError, IntegrityError

Field: TypeAlias = bytes | str | int
Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"

_MAX_SAFE_INTEGER = 2**53 - 1  # RFC 8785 numbers are IEEE doubles; stay exact
_MAX_DEPTH = 64
_ASTRAL = "\U00010000"  # the first character beyond the basic plane
_SCALARS = frozenset({str, bool, type(None)})

# Made once: ``json.dumps`` makes one for each document, which costs as much again.
_ENCODER = json.JSONEncoder(
    sort_keys=True,
    separators=(",", ":"),
    ensure_ascii=False,
    check_circular=False,  # the depth is bounded already
    default=dict,  # a mapping that is no dict; everything else was refused
)


def encode(tag: str, *fields: Field) -> bytes:
    """Return the tag and every field, each after its length as a u32.

    Args:
        tag: What the bytes are for, such as ``strongroom/v1/wrap``.  No two
            purposes share one.
        *fields: Bytes as they are, text as UTF-8, integers as an unsigned
            big-endian u64.

    Raises:
        InputError: An integer is negative or over 64 bits, or text is not
            Unicode.
    """
    parts = []
    for field in (tag, *fields):
        value = _field_bytes(field)
        parts.append(len(value).to_bytes(4, "big"))
        parts.append(value)
    return b"".join(parts)


def digest(tag: str, *fields: Field) -> bytes:
    """Return the 32-byte SHA-256 of ``encode(tag, *fields)``."""
    return hashlib.sha256(encode(tag, *fields)).digest()


def to_json(value: Json) -> bytes:
    """Return the RFC 8785 form of ``value`` as UTF-8.

    Python's own encoder with sorted keys gives the same bytes as RFC 8785 for
    every value accepted here (4 us instead of 15 us for an entry); floats and
    keys outside the basic plane, where they would differ, are refused.

    Raises:
        InputError: A float, an integer beyond 2**53 - 1, text that is not
            Unicode, or a key outside the basic multilingual plane.
    """
    _check((value,), 0)
    return _utf8(_ENCODER.encode(value))


def from_json(data: bytes, *, at_most_bytes: int) -> Json:
    """Return the document, which must be in the form that ``to_json`` writes.

    Raises:
        IntegrityError: ``data`` is longer than ``at_most_bytes``, is no JSON, or
            is not canonical (a duplicate key, a float, white space).
    """
    if len(data) > at_most_bytes:
        raise IntegrityError(f"document has {len(data)} bytes of {at_most_bytes}")
    try:
        value: Json = json.loads(data)
        again = to_json(value)
    except (ValueError, RecursionError, InputError):
        raise IntegrityError("document is not canonical JSON") from None
    if again != data:
        raise IntegrityError("document is not canonical JSON")
    return value


def _field_bytes(field: Field) -> bytes:
    if isinstance(field, bytes):
        return field
    if isinstance(field, str):
        return _utf8(field)
    if not 0 <= field < 2**64:
        raise InputError(f"{field} does not fit an unsigned 64-bit field")
    return field.to_bytes(8, "big")


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise InputError("text holds half of a surrogate pair") from None


def _check(items: Collection[object], depth: int) -> None:
    """Refuse what RFC 8785 and Python's encoder would write differently.

    Most items are text, so that is asked first and without a call each.
    """
    if depth > _MAX_DEPTH and items:
        raise InputError(f"document is nested deeper than {_MAX_DEPTH}")
    for item in items:
        kind = type(item)
        if kind in _SCALARS:
            continue
        if isinstance(item, int):
            if not -_MAX_SAFE_INTEGER <= item <= _MAX_SAFE_INTEGER:
                raise InputError(f"{item} is beyond the exact range of JSON numbers")
        elif isinstance(item, (list, tuple)):
            _check(item, depth + 1)
        elif isinstance(item, (dict, Mapping)):
            _check_keys(item)
            _check(item.values(), depth + 1)
        elif not isinstance(item, str):  # an enumeration's word is text
            raise InputError(f"{kind.__name__} has no canonical form")


def _check_keys(keys: Iterable[object]) -> None:
    """Refuse keys whose order by UTF-16, which RFC 8785 asks for, is another."""
    try:
        joined = "".join(keys)  # type: ignore[arg-type]  # it refuses what is no text
    except TypeError:
        joined = _ASTRAL
    if not joined.isascii() and max(joined) >= _ASTRAL:
        raise InputError("a key is not text of the basic plane")
