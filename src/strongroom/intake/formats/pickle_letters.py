"""Finds pickles in what looks like text: those of protocol 0 consist of letters.

Later opcodes are no ASCII, but fit into letters: the second byte of ``Ó`` is
STACK_GLOBAL, if what stands before takes the first one as its argument.
"""

from __future__ import annotations

import re

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats.pickle_opcodes import OPCODES, Argument, Opcode
from strongroom.intake.identify import is_tar

_FIXED = {Argument.U1: 1, Argument.U2: 2, Argument.U4: 4, Argument.U8: 8}
_FIXED |= {Argument.I4: 4, Argument.F8: 8, Argument.NOTHING: 0}
_LINE = frozenset(
    {Argument.INT_LINE, Argument.FLOAT_LINE, Argument.STRING_LINE}
    | {Argument.UNICODE_LINE, Argument.INDEX_LINE}
)
_MOST_OPCODES = 1_000_000  # that no call follows: half a second
_NAMES = re.compile(rb"[\w.\x80-\xff-]+\n[\w.\x80-\xff-]+\n")
_NAMING = frozenset({"GLOBAL", "INST", "STACK_GLOBAL", "EXT1", "EXT2", "EXT4"})
_CALLS = frozenset({"REDUCE", "BUILD", "OBJ", "NEWOBJ", "NEWOBJ_EX"})
_ENDS = _CALLS | {"STOP"}
_NEEDS = {"STOP": 0} | dict.fromkeys(_CALLS, 1)
_PUSHES_NOTHING = frozenset(
    {"POP", "PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE", "PROTO", "FRAME"}
    | {"SETITEM", "SETITEMS", "APPENDS", "ADDITEMS"}
)


def verify_no_pickle(text: str | bytes) -> None:
    """Check that a text, as it will be written, is nothing that unpickling would run.

    Raises:
        RefusedError: It is a pickle that names something and calls it; or a tar file,
            in which torch would look for pickles.
    """
    data = text.encode() if isinstance(text, str) else text
    if _is_pickle(data):
        raise RefusedError("text/pickle", "text is a pickle, which calls something")
    if is_tar(data):
        raise RefusedError("text/tar", "text is a tar file")


def _is_pickle(data: bytes) -> bool:
    """Return whether bytes are a pickle up to a call of something it names.

    No sentence gets that far, nor to the millionth opcode.  Arguments are passed over,
    not read, so what only some unpickler takes counts as well.  Behind the end of one
    the next may begin: torch reads five from one file.
    """
    at, named, marked, pushed = 0, False, False, 0
    for _ in range(_MOST_OPCODES):
        if at >= len(data):
            return False
        opcode = OPCODES.get(data[at])
        if opcode is None:
            return False
        # Before anything is named, BUILD with None does nothing, and the rest fails.
        # What is named is imported at the end too, which runs a module.
        if opcode.name in _ENDS and named:
            return marked if opcode.name == "OBJ" else pushed > _NEEDS[opcode.name]
        if opcode.name == "STOP":
            at, named, marked, pushed = at + 1, False, False, 0
            continue
        end = _past(data, at + 1, opcode)
        if end is None:
            return False
        if opcode.name == "INST":
            return marked
        named |= opcode.name in _NAMING
        marked |= opcode.name == "MARK"
        pushed += opcode.name not in _PUSHES_NOTHING
        at = end
    return True


def _past(data: bytes, at: int, opcode: Opcode) -> int | None:
    """Return where the argument of an opcode ends; nothing if it is cut or no name."""
    if opcode.argument is Argument.TWO_LINES:
        found = _NAMES.match(data, at)
        return found.end() if found else None
    if opcode.argument in _LINE:
        return data.find(b"\n", at) + 1 or None
    if opcode.argument in _FIXED:
        return at + _FIXED[opcode.argument]
    begin = at + opcode.count
    return begin + int.from_bytes(data[at:begin], "little")
