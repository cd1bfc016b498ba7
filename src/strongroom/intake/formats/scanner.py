"""Walks a JSON document of a known flat shape, without recursion.

``json.loads`` of 100 MB of ``[[],[],...`` takes gigabytes before anything can be
refused.  Here the caller asks for what may come next, and the largest value that
is ever built at once is one string or one small object.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from strongroom.errors import InputError

_SPACE = re.compile(r"[ \t\r\n]*")
_OPENING = re.compile(r"[ \t\r\n]*(\{)[ \t\r\n]*(\}?)")
_COLON = re.compile(r"[ \t\r\n]*:")
_NEXT = re.compile(r"[ \t\r\n]*([,}])")
_SURROGATE = re.compile("[\ud800-\udfff]")
# The longest honest value has 64 dimensions of 16 digits: about 1,200 letters.
_FLAT_OBJECT = re.compile(r"[ \t\r\n]*(\{[^{}]{0,2048}\})")


class Scanner:
    """A position in a JSON text.

    Every method raises InputError when something else stands there.
    """

    __slots__ = ("_at", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def members(self, *, at_most: int) -> Iterator[str]:
        """Yield each key of an object, standing before its value."""
        seen: set[str] = set()
        if self._mark(_OPENING) == "{}":
            return
        while True:
            key = self.string()
            if key in seen:
                raise InputError(f"header names {key[:80]!r} twice")
            if len(seen) == at_most:
                raise InputError(f"header has more than {at_most} names")
            seen.add(key)
            self._mark(_COLON)
            yield key
            if self._mark(_NEXT) == "}":
                return

    def string(self) -> str:
        """Return the string that comes next."""
        self._skip()
        if not self._text.startswith('"', self._at):
            raise self._malformed()
        value = self._decode(_DECODER)
        if not isinstance(value, str) or _SURROGATE.search(value):
            raise self._malformed()
        return value

    def flat_object(self) -> Mapping[str, object]:
        """Return the object that comes next: no objects in it, at most 2 KiB."""
        found = _FLAT_OBJECT.match(self._text, self._at)
        if found is None:
            raise self._malformed()
        self._at = found.start(1)
        pairs = self._decode(_SIGNED if "-" in found[1] else _DECODER)
        if not isinstance(pairs, list) or self._at != found.end():
            raise self._malformed()
        fields = dict(pairs)
        if len(fields) != len(pairs):
            raise InputError("a tensor of the header names a field twice")
        return fields

    def finish(self) -> None:
        """Check that nothing follows but white space."""
        self._skip()
        if self._at != len(self._text):
            raise self._malformed()

    def _decode(self, decoder: json.JSONDecoder) -> object:
        try:
            value, self._at = decoder.raw_decode(self._text, self._at)
        except (ValueError, RecursionError):
            raise self._malformed() from None
        return value

    def _mark(self, form: re.Pattern[str]) -> str:
        """Return the mark that comes next, which has this form."""
        found = form.match(self._text, self._at)
        if found is None:
            raise self._malformed()
        self._at = found.end()
        return "".join(found.groups())

    def _skip(self) -> None:
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _malformed(self) -> InputError:
        return InputError(f"header is not what safetensors writes near {self._at}")


def _whole(digits: str) -> int:
    # "-0" is a number to Python and none to the safetensors package.
    if digits.startswith("-"):
        raise InputError(f"a shape or an offset is negative: {digits[:40]}")
    return int(digits)


# A list keeps the fields that stand twice.  Calling Python for each number would take
# as long as all the rest, so that is for texts with a sign alone.
_DECODER = json.JSONDecoder(object_pairs_hook=list)
_SIGNED = json.JSONDecoder(object_pairs_hook=list, parse_int=_whole)
