"""Cuts a pickle into instructions, where every unpickler would cut it.

CPython's two unpicklers and the analysers disagree when an argument passes the end of a
FRAME: one drops what is left of the frame, another reads on.  What they disagree about
is refused here: frames end between instructions, PROTO comes first, and no opcode is
newer than the protocol.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from strongroom.intake.findings import RefusedError, quoted
from strongroom.intake.formats.pickle_bytes import PickleBytes
from strongroom.intake.formats.pickle_opcodes import (
    NEWEST_PROTOCOL,
    OPCODES,
    Argument,
    Opcode,
)
from strongroom.intake.sources import Source

MOST_INSTRUCTIONS = 2_000_000
"""Of one pickle: 40 for each of 50,000 tensors.  They take up to 5 s of CPU, which is
why those that end with a line count twice."""

MOST_INTEGER_BYTES = 1000
MOST_DIGITS = 2400  # of those bytes

Operand: TypeAlias = "int | float | str | bytes | tuple[str, str] | None"
Instruction: TypeAlias = tuple[int, Opcode, Operand]
"""Where it begins, what it is, and what follows it, decoded."""

_Read: TypeAlias = Callable[[PickleBytes, Opcode, int], Operand]
"""Takes the argument of an opcode that begins at a place."""

_DECIMAL = re.compile(rb"(?:0|-?[1-9][0-9]{0,%d})L?" % (MOST_DIGITS - 1))
"""Without zeros in front: ``I010`` is eight to the unpickler that is written in C, and
malformed to the one in Python."""

_FLOAT = re.compile(
    rb"-?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?(?:e[+-]?[0-9]{1,4})?|inf|nan)"
)
_STRING = re.compile(rb"(['\"])((?:[ -\[\]-~]|\\(?:[\\'\"nrt]|x[0-7][0-9a-f]))*)\1")
_ESCAPE = re.compile(rb"\\(x..|.)")
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}


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
    data = PickleBytes(source, start)
    newest, frame = 1, 0  # what an opcode may be of before any PROTO
    left = at_most
    while left > 0:
        at = data.position
        opcode, read = _KNOWN.get(data.byte(), (None, None))
        if opcode is None or opcode.refused:
            raise _refused_opcode(opcode, at)
        left -= opcode.weight
        operand = None if read is None else read(data, opcode, at)
        if opcode is _PROTO:
            newest = max(_protocol(operand, is_first=at == start), 1)
        elif opcode.since > newest:
            raise RefusedError(
                "pickle/protocol",
                f"{opcode.name} at byte {at} is newer than the pickle's protocol",
            )
        if frame:
            frame = _verify_frame(frame, data.position, opcode, at)
        if opcode is _FRAME:
            frame = _frame(operand, data)
        yield at, opcode, operand
        if opcode is _STOP:
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
    if position > frame or opcode is _FRAME:
        raise RefusedError(
            "pickle/frame",
            f"{opcode.name} at byte {at} passes the end of its frame at byte {frame}; "
            "unpicklers disagree about what that means",
        )
    return 0 if position == frame else frame


def _frame(operand: Operand, data: PickleBytes) -> int:
    if not isinstance(operand, int) or not 0 < operand <= data.left:
        raise RefusedError("pickle/frame", f"a frame cannot have {operand!r} bytes")
    return data.position + operand


def _byte(data: PickleBytes, *_: object) -> Operand:
    return data.byte()


def _fixed(form: str) -> _Read:
    layout = struct.Struct(form)

    def read(data: PickleBytes, *_: object) -> Operand:
        value: Operand = layout.unpack(data.take(layout.size))[0]
        return value

    return read


def _long(data: PickleBytes, opcode: Opcode, at: int) -> Operand:
    length = int.from_bytes(data.take(opcode.count), "little")
    if length > MOST_INTEGER_BYTES:
        raise RefusedError(
            "pickle/size", f"an integer of {length} bytes at byte {at} is too long"
        )
    return int.from_bytes(data.take(length), "little", signed=True)


def _counted(data: PickleBytes, opcode: Opcode, _: int) -> bytes:
    return data.take(int.from_bytes(data.take(opcode.count), "little"))


def _text(data: PickleBytes, opcode: Opcode, at: int) -> Operand:
    return _utf8(_counted(data, opcode, at), at)


def _two_lines(data: PickleBytes, _: Opcode, at: int) -> Operand:
    return _utf8(data.line(), at), _utf8(data.line(), at)


def _one_line(data: PickleBytes, opcode: Opcode, at: int) -> Operand:
    return _line(data.line(), opcode.argument, at)


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


_READS: Mapping[Argument, _Read] = {
    Argument.U1: _byte,
    Argument.U2: _fixed("<H"),
    Argument.U4: _fixed("<L"),
    Argument.U8: _fixed("<Q"),
    Argument.I4: _fixed("<l"),
    Argument.F8: _fixed(">d"),
    Argument.LONG: _long,
    Argument.BYTES: _counted,
    Argument.TEXT: _text,
    Argument.TWO_LINES: _two_lines,
}
_KNOWN: Mapping[int, tuple[Opcode, _Read | None]] = {
    byte: (
        opcode,
        None
        if opcode.argument is Argument.NOTHING
        else _READS.get(opcode.argument, _one_line),
    )
    for byte, opcode in OPCODES.items()
}
"""Every opcode by its byte, and what reads its argument."""

_PROTO, _FRAME, _STOP = OPCODES[0x80], OPCODES[0x95], OPCODES[ord(".")]
