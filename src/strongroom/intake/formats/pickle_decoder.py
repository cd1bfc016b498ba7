"""Cuts a pickle into instructions, where every unpickler would cut it.

CPython's two unpicklers and the analysers disagree when an argument passes the end of a
FRAME: one drops what is left of the frame, another reads on.  What they disagree about
is refused here: frames end between instructions, PROTO comes first, and no opcode is
newer than the protocol.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import TypeAlias

from strongroom.intake.findings import RefusedError, quoted
from strongroom.intake.formats.pickle_opcodes import (
    NEWEST_PROTOCOL,
    OPCODES,
    Argument,
    Opcode,
)
from strongroom.intake.sources import Source

MOST_PICKLE_BYTES = 256 << 20
"""Of one pickle.  Weights lie outside it; a million strings of 100 letters fit."""

MOST_INSTRUCTIONS = 2_000_000
"""Of one pickle: 40 for each of 50,000 tensors.  They take up to 5 s of CPU, which is
why those that end with a line count twice."""

MOST_LINE_BYTES = 1 << 20
MOST_INTEGER_BYTES = 1000
MOST_DIGITS = 2400  # of those bytes

Operand: TypeAlias = "int | float | str | bytes | tuple[str, str] | None"
Instruction: TypeAlias = tuple[int, Opcode, Operand]
"""Where it begins, what it is, and what follows it, decoded."""

_FIRST_CHUNK_BYTES, _CHUNK_BYTES = 4 << 10, 1 << 20
"""What is read at once: small at first, because a file may be a stream of 100,000
pickles of 50 bytes, and reading 1 MiB for each of them takes a minute."""

_FIXED = {
    Argument.U1: struct.Struct("<B"),
    Argument.U2: struct.Struct("<H"),
    Argument.U4: struct.Struct("<L"),
    Argument.U8: struct.Struct("<Q"),
    Argument.I4: struct.Struct("<l"),
    Argument.F8: struct.Struct(">d"),
}
_DECIMAL = re.compile(rb"(?:0|-?[1-9][0-9]{0,%d})L?" % (MOST_DIGITS - 1))
"""Without zeros in front: ``I010`` is eight to the unpickler that is written in C, and
malformed to the one in Python."""

_FLOAT = re.compile(
    rb"-?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?(?:e[+-]?[0-9]{1,4})?|inf|nan)"
)
_STRING = re.compile(rb"(['\"])((?:[ -\[\]-~]|\\(?:[\\'\"nrt]|x[0-7][0-9a-f]))*)\1")
_ESCAPE = re.compile(rb"\\(x..|.)")
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}


class _Bytes:
    """A position in a pickle; never further than the window, or than the cap."""

    __slots__ = ("_at", "_base", "_chunk", "_data", "_source", "_start")

    def __init__(self, source: Source, start: int) -> None:
        self._source = source
        self._start = start
        self._base = start  # where the chunk begins
        self._chunk = _FIRST_CHUNK_BYTES
        self._data = b""
        self._at = 0

    @property
    def position(self) -> int:
        return self._base + self._at

    @property
    def left(self) -> int:
        return self._source.length - self.position

    def take(self, length: int) -> bytes:
        end = self._at + length
        if end > len(self._data):
            self._fill(length)
            end = self._at + length
        piece = self._data[self._at : end]
        self._at = end
        return piece

    def line(self) -> bytes:
        """Return the bytes up to a line feed, without it.

        Raises:
            RefusedError: None comes before the end, or the line is too long.
        """
        length = 256
        while True:
            known = min(length, self.left)
            if self._at + known > len(self._data):
                self._fill(known)
            end = self._data.find(b"\n", self._at, self._at + known)
            if end >= 0:
                line = self._data[self._at : end]
                self._at = end + 1
                return line
            if known < length or length >= MOST_LINE_BYTES:
                raise RefusedError(
                    "pickle/cut",
                    f"a line of the pickle at byte {self.position} does not end",
                )
            length *= 16

    def _fill(self, length: int) -> None:
        position = self.position
        if length > self.left:
            raise RefusedError(
                "pickle/cut",
                f"the pickle is cut: {length} bytes at byte {position} pass its end",
            )
        if position + length - self._start > MOST_PICKLE_BYTES:
            raise RefusedError(
                "pickle/size", f"the pickle is over {MOST_PICKLE_BYTES} bytes"
            )
        chunk = min(max(length, self._chunk), self.left)
        self._chunk = min(4 * self._chunk, _CHUNK_BYTES)
        self._data = self._source.read_exactly(position, chunk)
        self._base, self._at = position, 0


def instructions(
    source: Source, start: int, *, at_most: int = MOST_INSTRUCTIONS
) -> Iterator[Instruction]:
    """Yield each instruction of the pickle that begins at ``start``; STOP is the last.

    Args:
        source: Where it lies; other bytes may follow it.
        start: Its first byte.
        at_most: Instructions that it may have.

    Raises:
        RefusedError: It is cut or too long, an opcode is unknown or not for us, newer
            than the protocol, or a frame ends within an instruction.
    """
    data = _Bytes(source, start)
    protocol, frame = 0, 0
    left = at_most
    while left > 0:
        at = data.position
        opcode = OPCODES.get(data.take(1)[0])
        if opcode is None or opcode.refused:
            raise _refused_opcode(opcode, at)
        left -= opcode.weight
        operand = _operand(data, opcode, at)
        if opcode.name == "PROTO":
            protocol = _protocol(operand, is_first=at == start)
        elif opcode.since > max(protocol, 1):
            raise RefusedError(
                "pickle/protocol",
                f"{opcode.name} at byte {at} is newer than the pickle's protocol "
                f"{protocol}",
            )
        if frame:
            frame = _verify_frame(frame, data.position, opcode, at)
        if opcode.name == "FRAME":
            frame = _frame(operand, data)
        yield at, opcode, operand
        if opcode.name == "STOP":
            if frame:
                raise RefusedError(
                    "pickle/frame", f"the pickle ends at byte {at}, its frame does not"
                )
            return
    raise RefusedError("pickle/size", f"the pickle has over {at_most} instructions")


def _refused_opcode(opcode: Opcode | None, at: int) -> RefusedError:
    if opcode is None:
        return RefusedError("pickle/opcode", f"no pickle opcode stands at byte {at}")
    return RefusedError(
        "pickle/opcode",
        f"the pickle opcode {opcode.name} at byte {at} is refused: {opcode.refused}",
    )


def _protocol(operand: Operand, *, is_first: bool) -> int:
    if not is_first or not isinstance(operand, int) or operand > NEWEST_PROTOCOL:
        raise RefusedError(
            "pickle/protocol", f"PROTO {operand!r} is unknown, or not the first opcode"
        )
    return operand


def _verify_frame(frame: int, position: int, opcode: Opcode, at: int) -> int:
    """Return the end of the frame that is still open, or 0."""
    if position > frame or opcode.name == "FRAME":
        raise RefusedError(
            "pickle/frame",
            f"{opcode.name} at byte {at} passes the end of its frame at byte {frame}; "
            "unpicklers disagree about what that means",
        )
    return 0 if position == frame else frame


def _frame(operand: Operand, data: _Bytes) -> int:
    if not isinstance(operand, int) or not 0 < operand <= data.left:
        raise RefusedError("pickle/frame", f"a frame cannot have {operand!r} bytes")
    return data.position + operand


def _operand(data: _Bytes, opcode: Opcode, at: int) -> Operand:
    argument = opcode.argument
    if argument is Argument.NOTHING:
        return None
    fixed = _FIXED.get(argument)
    if fixed is not None:
        value: Operand = fixed.unpack(data.take(fixed.size))[0]
        return value
    if opcode.count:
        return _counted(data, opcode, at)
    if argument is Argument.TWO_LINES:
        return _utf8(data.line(), at), _utf8(data.line(), at)
    return _line(data.line(), argument, at)


def _counted(data: _Bytes, opcode: Opcode, at: int) -> Operand:
    length = int.from_bytes(data.take(opcode.count), "little")
    if opcode.argument is Argument.LONG and length > MOST_INTEGER_BYTES:
        raise RefusedError(
            "pickle/size", f"an integer of {length} bytes at byte {at} is too long"
        )
    taken = data.take(length)
    match opcode.argument:
        case Argument.LONG:
            return int.from_bytes(taken, "little", signed=True)
        case Argument.TEXT:
            return _utf8(taken, at)
        case _:
            return taken


def _line(line: bytes, argument: Argument, at: int) -> Operand:
    """Return the value of a text argument, in the one form that picklers write."""
    match argument:
        case Argument.INT_LINE if line in {b"00", b"01"}:
            return line == b"01"
        case Argument.INT_LINE if _DECIMAL.fullmatch(line):
            return int(line.removesuffix(b"L"))
        case Argument.INDEX_LINE if line.isdigit() and _DECIMAL.fullmatch(line):
            return int(line)
        case Argument.FLOAT_LINE if _FLOAT.fullmatch(line):
            return float(line)
        case Argument.STRING_LINE if found := _STRING.fullmatch(line):
            return _ESCAPE.sub(_unescaped, found[2]).decode("ascii")
        case Argument.UNICODE_LINE:
            return _unicode(line, at)
    raise RefusedError(
        "pickle/text",
        f"a text argument at byte {at} has a form that no pickler writes: "
        f"{quoted(line[:100].decode('ascii', 'backslashreplace'))}",
    )


def _unescaped(found: re.Match[bytes]) -> bytes:
    escape = found[1]
    if escape.startswith(b"x"):
        return bytes([int(escape[1:], 16)])
    return _ESCAPES.get(escape, escape)


def _unicode(line: bytes, at: int) -> str:
    try:
        text = line.decode("raw-unicode-escape")
        text.encode()
    except UnicodeError:
        raise _not_text(at) from None
    return text


def _utf8(data: bytes, at: int) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise _not_text(at) from None


def _not_text(at: int) -> RefusedError:
    return RefusedError("pickle/text", f"text of the pickle at byte {at} is not UTF-8")
