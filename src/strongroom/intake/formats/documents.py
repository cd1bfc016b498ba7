"""Reads JSON from a stranger, bounded, and writes it again as JSON of ours.

Two parsers may understand one text differently: the first or the second of two equal
names, NaN, a number past every range.  Such a text is refused.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from typing import TypeAlias

from strongroom.intake.findings import RefusedError, quoted
from strongroom.intake.rewriting import Workplace
from strongroom.intake.sources import Source

Value: TypeAlias = "dict[str, Value] | list[Value] | str | int | float | bool | None"

MOST_BYTES = 64 << 20
"""The largest tokenizer of an open model has 34 MB."""

MOST_VALUES = 4_000_000
"""Marks that begin a value; the same tokenizer has 2.1 million.  Python takes about
100 bytes for each."""

MOST_DEPTH = 64
MOST_DIGITS = 40  # int(1e30), "no limit" to tokenizers, has 31


def read_document(
    source: Source, *, at_most_bytes: int = MOST_BYTES, for_python: bool = False
) -> Value:
    """Return the document that a file holds.

    Args:
        source: UTF-8, with or without a byte order mark.
        at_most_bytes: Of this kind of file.
        for_python: As for ``parse``.

    Raises:
        RefusedError: It is no JSON, is over a bound, or is ambiguous.
    """
    if source.length > at_most_bytes:
        raise RefusedError(
            "json/size", f"document has {source.length} bytes of {at_most_bytes}"
        )
    return parse(source.read_exactly(0, source.length), for_python=for_python)


def parse(
    data: bytes, *, most_values: int = MOST_VALUES, for_python: bool = False
) -> Value:
    """Return the document, in which every name of an object is unique.

    Args:
        data: UTF-8, with or without a byte order mark.
        most_values: Of this kind of document.
        for_python: ``NaN`` and ``Infinity`` are numbers, as Python writes them and all
            that load such a file read them; other parsers see no JSON.

    Raises:
        RefusedError: As for ``read_document``.
    """
    values = data.count(b",") + data.count(b"[") + data.count(b"{")
    if values > most_values:
        raise RefusedError("json/size", f"document has over {most_values} values")
    try:
        decoder = _PYTHONS if for_python else _DECODER
        document: Value = decoder.decode(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise RefusedError("json/malformed", "document is not UTF-8") from None
    except RecursionError:
        raise RefusedError("json/deep", "document is nested too deep") from None
    except json.JSONDecodeError as error:
        raise RefusedError(
            "json/malformed", f"document is no JSON near {error.pos}"
        ) from None
    _verify(document)
    return document


def written(document: Value) -> bytes:
    """Return a document that ``parse`` accepted as text: UTF-8, indented by two."""
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


def write_document(workplace: Workplace, name: str, document: Value) -> None:
    """Write a document to a new file.

    Raises:
        RefusedError: The file cannot be made.
    """
    with workplace.create(name) as file:
        file.append(written(document))


def objects(document: Value) -> Iterator[dict[str, Value]]:
    """Yield every object at any depth; the caller may change what it is given."""
    left: list[Value] = [document]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            yield value
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)


def _verify(document: Value) -> None:
    """Check depth, and that all text can be written as UTF-8 again."""
    level: list[Value] = [document]
    for _ in range(MOST_DEPTH):
        below: list[Value] = []
        for value in level:
            if isinstance(value, dict):
                for key in value:
                    _verify_text(key)
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            elif isinstance(value, str):
                _verify_text(value)
        if not below:
            return
        level = below
    raise RefusedError("json/deep", f"document is nested deeper than {MOST_DEPTH}")


def _verify_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RefusedError(
            "json/malformed", f"half of a surrogate pair in {quoted(text)}"
        ) from None


def _unique(pairs: list[tuple[str, Value]]) -> Value:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        twice = [
            key for key, count in Counter(k for k, _ in pairs).items() if count > 1
        ]
        raise RefusedError("json/twice", f"object names {quoted(twice[0])} twice")
    return fields


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise RefusedError("json/number", f"number of {len(digits)} digits")
    return int(digits)


def _real(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise RefusedError("json/number", f"{quoted(digits)} is past every range")
    return number


def _no_number(word: str) -> float:
    raise RefusedError("json/number", f"{word} is no number to other parsers")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_int=_whole,
    parse_float=_real,
    parse_constant=_no_number,
)
_PYTHONS = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_whole, parse_float=_real
)
