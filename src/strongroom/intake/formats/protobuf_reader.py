"""Reads protocol buffer messages of known schemas.

Field by field, without recursion, and without the library: a field that no schema lists
is refused or left out, one that may stand once and stands twice is refused (parsers
merge them), and nothing is read that the file has no room for.

Source: the page "Encoding" of the Protocol Buffers documentation.
"""

from __future__ import annotations

import re

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats.protobuf import (
    BYTES,
    FIXED32,
    FIXED64,
    VARINT,
    WIRES,
    Document,
    Field,
    Message,
    Rule,
    Schemas,
)
from strongroom.intake.sources import Source

MOST_FIELDS = 2_000_000
MOST_DEPTH = 64
MOST_TEXT_BYTES = 65_536
_WINDOW_BYTES = 1 << 16
_FIXED_BYTES = {"fixed64": 8, "fixed32": 4}
_LONGEST_NUMBER = 10  # bytes of a whole number, the last below 0x80
_LONG_NUMBER = re.compile(rb"[\x80-\xff]{%d}" % _LONGEST_NUMBER)
_SHORT_BYTES = 256  # bytes up to here are kept in memory


def read_document(source: Source, schemas: Schemas, root: str) -> Document:
    """Return the message that a file holds.

    Args:
        source: The whole file.
        schemas: Every message that may stand in it, by name.
        root: Name of the outermost.

    Raises:
        RefusedError: It is no message or is cut, has a field that no schema lists or
            one that may not stand twice, text that is not UTF-8, or is past a bound.
    """
    return _Reader(source, schemas).read(root)


class _Reader:
    def __init__(self, source: Source, schemas: Schemas) -> None:
        self._source, self._schemas = source, schemas
        self._window, self._start = b"", 0
        self._left = MOST_FIELDS
        self._left_out: set[str] = set()
        self._waiting: list[tuple[Message, int, int, int]] = []

    def read(self, root: str) -> Document:
        """Return the document, every message in it read once, without recursion.

        Args:
            root: Name of the schema of the outermost message.

        Raises:
            RefusedError: It is malformed, nested too deep, or has too many fields.
        """
        document = Document(Message(root), [], self._left_out)
        self._waiting.append((document.root, 0, self._source.length, 0))
        while self._waiting:
            message, at, end, depth = self._waiting.pop()
            document.every.append(message)
            if depth > MOST_DEPTH:
                raise _refused("protobuf/size", f"nested deeper than {MOST_DEPTH}")
            while at < end:
                at = self._field(message, at, end, depth)
            self._verify_once(message)
        return document

    def _field(self, message: Message, at: int, end: int, depth: int) -> int:
        """Read one field of a message and return where the next begins."""
        self._left -= 1
        if self._left < 0:
            raise _refused("protobuf/size", f"more than {MOST_FIELDS} fields")
        key, at = self._varint(at, end)
        number, wire = key >> 3, key & 7
        rule = self._schemas[message.schema].get(number)
        if rule is None or rule.kind == "refused":
            what = rule.name if rule else f"number {number}"
            raise _refused("protobuf/field", f"{message.schema} has the field {what}")
        if wire == VARINT:
            value, behind = self._varint(at, end)
            begin = behind
        else:
            value = 0
            begin, behind = self._stretch(wire, at, end)
        if rule.kind == "left-out":
            self._left_out.add(rule.name)
        elif rule.kind == "message" and wire == BYTES:
            child = Message(rule.schema)
            message.fields.append(Field(number, rule, child))
            self._waiting.append((child, begin, behind, depth + 1))
        elif wire == VARINT and rule.kind == "varint":
            message.fields.append(Field(number, rule, value))
        else:
            message.fields.append(
                Field(number, rule, self._bytes(message, rule, wire, begin, behind))
            )
        return behind

    def _bytes(
        self, message: Message, rule: Rule, wire: int, begin: int, end: int
    ) -> bytes | Source:
        """Return what lies between two places, if a field of this rule may hold it."""
        is_packed = wire == BYTES and rule.many and rule.kind in WIRES
        fits = wire == WIRES.get(rule.kind, BYTES) or is_packed
        if not fits or rule.kind == "message":
            raise _refused(
                "protobuf/wire", f"{message.schema}.{rule.name} has another type"
            )
        if is_packed and end > begin:
            self._verify_packed(rule, begin, end)
        if rule.kind == "text":
            if end - begin > MOST_TEXT_BYTES:
                raise _refused("protobuf/text", f"{rule.name} has {end - begin} bytes")
            return self._text(rule, begin, end)
        if end - begin <= _SHORT_BYTES:
            return self._take(begin, end)
        return self._source.window(begin, end - begin)

    def _verify_packed(self, rule: Rule, begin: int, end: int) -> None:
        """Check that packed numbers are whole: they are written as they are read.

        Raises:
            RefusedError: One is cut, or has over ten bytes.
        """
        length = end - begin
        if rule.kind in _FIXED_BYTES:
            whole = length % _FIXED_BYTES[rule.kind] == 0
        else:
            whole = self._holds_varints(begin, length)
        if not whole:
            raise _refused("protobuf/wire", f"numbers of {rule.name} are cut")

    def _holds_varints(self, begin: int, length: int) -> bool:
        """Return whether whole numbers, and nothing else, lie in a range."""
        if length <= _SHORT_BYTES:  # of which there may be a million
            pieces = iter((self._take(begin, begin + length),))
        else:
            pieces = self._source.window(begin, length).pieces()
        behind = b""
        for piece in pieces:
            behind += piece
            if _LONG_NUMBER.search(behind):
                return False
            behind = behind[-_LONGEST_NUMBER:]
        return behind[-1:] < b"\x80"

    def _text(self, rule: Rule, begin: int, end: int) -> bytes:
        data = self._take(begin, end)
        try:
            data.decode()
        except UnicodeDecodeError:
            raise _refused("protobuf/text", f"{rule.name} is not UTF-8") from None
        return data

    def _stretch(self, wire: int, at: int, end: int) -> tuple[int, int]:
        """Return where the bytes of a field begin and end."""
        if wire == BYTES:
            length, at = self._varint(at, end)
        elif wire in {FIXED64, FIXED32}:
            length = 8 if wire == FIXED64 else 4
        else:
            raise _refused("protobuf/wire", f"wire type {wire} at {at}")
        if length > end - at:
            raise _refused("protobuf/wire", f"a field of {length} bytes at {at} is cut")
        return at, at + length

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        """Return an unsigned number of at most 64 bits, and where it ends."""
        here = at - self._start
        if at < end and 0 <= here < len(self._window) and self._window[here] < 0x80:  # noqa: PLR2004  # as below
            return self._window[here], at + 1
        value = 0
        for shift in range(0, 70, 7):
            if at >= end:
                raise _refused("protobuf/wire", f"a number at {at} is cut")
            byte = self._take(at, at + 1)[0]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004  # the mark of the last byte
                if value >= 1 << 64:
                    break
                return value, at
        raise _refused("protobuf/wire", f"a number at {at} has over 64 bits")

    def _take(self, begin: int, end: int) -> bytes:
        if not self._start <= begin <= end <= self._start + len(self._window):
            # Before it too: messages are read from the last to the first.
            self._start = max(begin - _WINDOW_BYTES, 0)
            length = max(end, begin + _WINDOW_BYTES) - self._start
            self._window = self._source.read(self._start, length)
            if len(self._window) < end - self._start:
                raise RefusedError("file/cut", f"file is cut at {begin}")
        return self._window[begin - self._start : end - self._start]

    def _verify_once(self, message: Message) -> None:
        seen: set[int] = set()
        for one in message.fields:
            if one.number in seen and not one.rule.many:
                raise _refused(
                    "protobuf/twice", f"{message.schema}.{one.rule.name} stands twice"
                )
            seen.add(one.number)


def _refused(rule: str, what: str) -> RefusedError:
    return RefusedError(rule, f"message is malformed: {what}")
