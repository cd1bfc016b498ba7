"""Protocol buffer messages of known schemas, as they were read, and written anew.

Long bytes stay in the file that they were read from until they are copied.

Source: the page "Encoding" of the Protocol Buffers documentation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from strongroom.intake.sources import PIECE_BYTES, Source

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
WIRES = {"varint": VARINT, "fixed64": FIXED64, "fixed32": FIXED32}

Kind: TypeAlias = Literal[
    "varint", "fixed64", "fixed32", "text", "bytes", "message", "left-out", "refused"
]


@dataclass(frozen=True, slots=True)
class Rule:
    """What one field of a message may be.

    Attributes:
        kind: ``left-out`` fields are dropped, ``refused`` ones end the reading.
        name: For messages to people, and for ``Message.first``.
        many: Whether it may stand more than once; numbers may then be packed.
        schema: Of a ``message``: its name among the schemas.
    """

    kind: Kind
    name: str
    many: bool = False
    schema: str = ""


Schemas: TypeAlias = Mapping[str, Mapping[int, Rule]]


@dataclass(slots=True)
class Field:
    """One field that was read; ``value`` is what it holds."""

    number: int
    rule: Rule
    value: int | bytes | Source | Message


@dataclass(slots=True)
class Message:
    """One message that was read, and may be changed before it is written."""

    schema: str
    fields: list[Field] = field(default_factory=list)
    size: int = 0

    def all(self, name: str) -> list[int | bytes | Source | Message]:
        """Return the values of a field, in order."""
        return [f.value for f in self.fields if f.rule.name == name]

    def messages(self, name: str) -> list[Message]:
        """Return the messages of a field, in order."""
        return [value for value in self.all(name) if isinstance(value, Message)]

    def number(self, name: str, default: int = 0) -> int:
        """Return the number of a field that stands once."""
        found = self.all(name)
        return found[0] if found and isinstance(found[0], int) else default

    def text(self, name: str) -> str:
        """Return the text of a field that stands once; the reader checked it."""
        found = self.all(name)
        return found[0].decode() if found and isinstance(found[0], bytes) else ""

    def drop(self, name: str) -> None:
        """Take every field of a name out."""
        self.fields = [f for f in self.fields if f.rule.name != name]


@dataclass(frozen=True, slots=True)
class Document:
    """A message and every one below it, parents before their children."""

    root: Message
    every: list[Message]
    left_out: set[str]


def pieces(document: Document) -> Iterator[bytes]:
    """Yield the bytes of a document, in pieces of about 1 MiB.

    ``document.every`` must hold every message that stands in it.
    """
    waiting, size = list[bytes](), 0
    for fragment in _fragments(document):
        waiting.append(fragment)
        size += len(fragment)
        if size >= PIECE_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def _fragments(document: Document) -> Iterator[bytes]:
    """Yield the heads of fields and what they hold: a few bytes, or pieces of 1 MiB."""
    for message in reversed(document.every):  # children have their sizes before
        message.size = sum(map(_field_bytes, message.fields))
    left: list[Iterator[Field]] = [iter(document.root.fields)]
    while left:
        one = next(left[-1], None)
        if one is None:
            left.pop()
            continue
        yield _head(one)
        if isinstance(one.value, Message):
            left.append(iter(one.value.fields))
        elif isinstance(one.value, Source):
            yield from one.value.pieces()
        elif isinstance(one.value, bytes):
            yield one.value


def _field_bytes(one: Field) -> int:
    return len(_head(one)) + (0 if isinstance(one.value, int) else _length(one.value))


def _length(value: bytes | Source | Message) -> int:
    if isinstance(value, Message):
        return value.size
    return value.length if isinstance(value, Source) else len(value)


def _head(one: Field) -> bytes:
    """Return what stands before the bytes of a field, or a whole number."""
    if isinstance(one.value, int):
        return varint(one.number << 3 | VARINT) + varint(one.value)
    length, kind = _length(one.value), one.rule.kind
    if kind in {"fixed64", "fixed32"} and length == (8 if kind == "fixed64" else 4):
        return varint(one.number << 3 | WIRES[kind])
    return varint(one.number << 3 | BYTES) + varint(length)


def varint(value: int) -> bytes:
    """Return an unsigned number in seven bits a byte."""
    if value < 0x80:  # noqa: PLR2004  # as below, and nearly all of them
        return _SHORT[value]
    found = bytearray()
    while value >= 0x80:  # noqa: PLR2004  # what fits in the last byte
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


_SHORT = tuple(bytes([value]) for value in range(0x80))
