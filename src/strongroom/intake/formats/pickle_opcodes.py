"""Every opcode of pickle protocols 0 to 5, and why some are not for us.

Source: the comments of CPython 3.13's ``Lib/pickletools.py`` and ``Modules/_pickle.c``;
PEP 307, PEP 3154, PEP 574.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Argument(StrEnum):
    """What follows an opcode in the file."""

    NOTHING = "nothing"
    U1 = "u1"
    U2 = "u2"
    U4 = "u4"
    U8 = "u8"
    I4 = "i4"
    F8 = "f8"
    LONG = "long"  # counted, little-endian, two's complement
    BYTES = "bytes"  # counted
    TEXT = "text"  # counted, UTF-8
    INT_LINE = "int-line"
    FLOAT_LINE = "float-line"
    STRING_LINE = "string-line"
    UNICODE_LINE = "unicode-line"
    INDEX_LINE = "index-line"
    TWO_LINES = "two-lines"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opcode:
    """One instruction of a pickle.

    Attributes:
        name: As CPython calls it.
        since: The first protocol that has it.
        argument: What follows it.
        count: Bytes of the length before a counted argument.
        refused: Why it is never run here; empty if it is.
        weight: Of it, in instructions: a line takes twice the time of others.
    """

    name: str
    since: int
    argument: Argument = Argument.NOTHING
    count: int = 0
    refused: str = ""
    weight: int = 1


def _op(
    name: str,
    since: int,
    argument: Argument = Argument.NOTHING,
    count: int = 0,
    refused: str = "",
) -> Opcode:
    return Opcode(
        name=name, since=since, argument=argument, count=count, refused=refused,
        weight=2 if "line" in argument else 1,
    )  # fmt: skip


_A = Argument
_EXTENSION = "it names something by a number that only the reader's process knows"
_BUFFER = "its bytes lie outside the file"
_INSTANCE = "it makes an object in a way that Python 3 never writes"

OPCODES: Mapping[int, Opcode] = {
    ord("("): _op("MARK", 0),
    ord("."): _op("STOP", 0),
    ord("0"): _op("POP", 0),
    ord("1"): _op("POP_MARK", 1),
    ord("2"): _op("DUP", 0, refused="no pickler writes it"),
    ord("F"): _op("FLOAT", 0, _A.FLOAT_LINE),
    ord("G"): _op("BINFLOAT", 1, _A.F8),
    ord("I"): _op("INT", 0, _A.INT_LINE),
    ord("J"): _op("BININT", 1, _A.I4),
    ord("K"): _op("BININT1", 1, _A.U1),
    ord("M"): _op("BININT2", 1, _A.U2),
    ord("L"): _op("LONG", 0, _A.INT_LINE),
    0x8A: _op("LONG1", 2, _A.LONG, 1),
    0x8B: _op("LONG4", 2, _A.LONG, 4),
    ord("N"): _op("NONE", 0),
    0x88: _op("NEWTRUE", 2),
    0x89: _op("NEWFALSE", 2),
    ord("S"): _op("STRING", 0, _A.STRING_LINE),
    ord("T"): _op("BINSTRING", 1, _A.TEXT, 4),
    ord("U"): _op("SHORT_BINSTRING", 1, _A.TEXT, 1),
    ord("V"): _op("UNICODE", 0, _A.UNICODE_LINE),
    ord("X"): _op("BINUNICODE", 1, _A.TEXT, 4),
    0x8C: _op("SHORT_BINUNICODE", 4, _A.TEXT, 1),
    0x8D: _op("BINUNICODE8", 4, _A.TEXT, 8),
    ord("B"): _op("BINBYTES", 3, _A.BYTES, 4),
    ord("C"): _op("SHORT_BINBYTES", 3, _A.BYTES, 1),
    0x8E: _op("BINBYTES8", 4, _A.BYTES, 8),
    0x96: _op("BYTEARRAY8", 5, _A.BYTES, 8),
    ord(")"): _op("EMPTY_TUPLE", 1),
    ord("t"): _op("TUPLE", 0),
    0x85: _op("TUPLE1", 2),
    0x86: _op("TUPLE2", 2),
    0x87: _op("TUPLE3", 2),
    ord("]"): _op("EMPTY_LIST", 1),
    ord("l"): _op("LIST", 0),
    ord("a"): _op("APPEND", 0),
    ord("e"): _op("APPENDS", 1),
    ord("}"): _op("EMPTY_DICT", 1),
    ord("d"): _op("DICT", 0),
    ord("s"): _op("SETITEM", 0),
    ord("u"): _op("SETITEMS", 1),
    0x8F: _op("EMPTY_SET", 4),
    0x90: _op("ADDITEMS", 4),
    0x91: _op("FROZENSET", 4),
    ord("c"): _op("GLOBAL", 0, _A.TWO_LINES),
    0x93: _op("STACK_GLOBAL", 4),
    ord("R"): _op("REDUCE", 0),
    ord("b"): _op("BUILD", 0),
    0x81: _op("NEWOBJ", 2),
    0x92: _op("NEWOBJ_EX", 4, refused="no checkpoint needs it"),
    ord("i"): _op("INST", 0, _A.TWO_LINES, refused=_INSTANCE),
    ord("o"): _op("OBJ", 1, refused=_INSTANCE),
    ord("p"): _op("PUT", 0, _A.INDEX_LINE),
    ord("q"): _op("BINPUT", 1, _A.U1),
    ord("r"): _op("LONG_BINPUT", 1, _A.U4),
    0x94: _op("MEMOIZE", 4),
    ord("g"): _op("GET", 0, _A.INDEX_LINE),
    ord("h"): _op("BINGET", 1, _A.U1),
    ord("j"): _op("LONG_BINGET", 1, _A.U4),
    ord("P"): _op("PERSID", 0, refused="torch writes storages in binary"),
    ord("Q"): _op("BINPERSID", 1),
    0x80: _op("PROTO", 2, _A.U1),
    0x95: _op("FRAME", 4, _A.U8),
    0x82: _op("EXT1", 2, _A.U1, refused=_EXTENSION),
    0x83: _op("EXT2", 2, _A.U2, refused=_EXTENSION),
    0x84: _op("EXT4", 2, _A.I4, refused=_EXTENSION),
    0x97: _op("NEXT_BUFFER", 5, refused=_BUFFER),
    0x98: _op("READONLY_BUFFER", 5, refused=_BUFFER),
}
"""Every opcode by its byte."""

NEWEST_PROTOCOL = 5
