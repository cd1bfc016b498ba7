"""An abstract machine that runs a pickle and never resolves a name.

    bytes ──▶ instructions ──▶ stack, marks, memo ──▶ values that can do nothing

It is no scanner: it does not find evil, it only knows what it was told about.  A name
that it was not told about refuses the pickle or, in salvage, becomes a stub.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from strongroom.intake.findings import RefusedError, listed
from strongroom.intake.formats.pickle_decoder import (
    MOST_INSTRUCTIONS,
    Operand,
    instructions,
)
from strongroom.intake.formats.pickle_opcodes import Opcode
from strongroom.intake.formats.pickle_stack import Stack
from strongroom.intake.formats.pickle_values import (
    Call,
    Group,
    Name,
    Persistent,
    Table,
    Value,
)
from strongroom.intake.sources import Source

MOST_NAMES = 1000
"""Distinct globals of one pickle; a checkpoint has about ten."""

_MOST_NAME = 512

How: TypeAlias = Literal["reduce", "new", "fill", "append", "build"]
"""What a pickle may do with a global: call it (REDUCE), make an object of it (NEWOBJ),
set pairs on the result, append to it, or hand a state to the result (BUILD)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a format writes into its pickles.

    Attributes:
        names: Globals that may stand in it, and what may be done with each.
        persistent: Whether things may lie outside the pickle.
        salvage: Whether globals that are not known become stubs.
        instructions: How many a pickle may have.
    """

    names: Mapping[Name, Collection[How]] = field(default_factory=dict)
    persistent: bool = False
    salvage: bool = False
    instructions: int = MOST_INSTRUCTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpickled:
    """What a pickle held.

    Attributes:
        value: Its one value; it may contain itself.
        end: One past its last byte.
        names: Every global that it names, once.
        stubs: Those that are not known; none outside salvage.
        persistent: Every reference to something outside it.
    """

    value: Value
    end: int
    names: tuple[str, ...]
    stubs: tuple[str, ...]
    persistent: tuple[Persistent, ...]


def read_pickle(source: Source, rules: Rules, *, start: int = 0) -> Unpickled:
    """Run the pickle that begins at ``start`` and return what it held.

    Args:
        source: Where it lies; other bytes may follow.
        rules: What may stand in it.
        start: Its first byte.

    Raises:
        RefusedError: It is malformed, means different things to different unpicklers,
            passes a limit, or does what the rules do not know.
    """
    machine = _Machine(rules)
    end = start
    try:
        for at, opcode, operand in instructions(
            source, start, at_most=rules.instructions
        ):
            machine.step(at, opcode, operand)
            end = at + 1
        value = machine.result()
    except RefusedError as error:
        if not machine.unknown:
            raise
        raise _unknown(machine.unknown, rules, f"; then {error}") from None
    if machine.unknown and not rules.salvage:
        raise _unknown(machine.unknown, rules)
    return Unpickled(
        value=value,
        end=end,
        names=tuple(machine.names),
        stubs=tuple(machine.unknown),
        persistent=tuple(machine.persistent),
    )


def _unknown(names: Mapping[str, int], rules: Rules, more: str = "") -> RefusedError:
    return RefusedError(
        "pickle/global",
        f"the pickle names {listed(names)}, which no checkpoint needs{more}",
        place=f"byte {next(iter(names.values()))}",
        hint="" if rules.salvage else "for weights alone, and stubs: --salvage",
    )


class _Machine:
    """Stack, marks and memo, as in CPython's ``Unpickler``."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._stack = stack = Stack()
        self._memo: dict[int, Value] = {}
        self._at = 0
        self.names: dict[str, int] = {}
        self.unknown: dict[str, int] = {}
        self.persistent: list[Persistent] = []
        self._steps: Mapping[str, Callable[[], None]] = {
            "MARK": stack.mark,
            "POP": stack.pop_any,
            "POP_MARK": stack.drop_mark,
            "NONE": lambda: stack.push(None),
            "NEWTRUE": lambda: stack.push(True),
            "NEWFALSE": lambda: stack.push(False),
            "EMPTY_TUPLE": lambda: stack.push(()),
            "EMPTY_LIST": lambda: stack.push([]),
            "EMPTY_DICT": lambda: stack.push(Table()),
            "EMPTY_SET": lambda: stack.push(Group()),
            "TUPLE": lambda: stack.push(tuple(stack.pop_mark())),
            "TUPLE1": lambda: stack.push(tuple(stack.pop_many(1))),
            "TUPLE2": lambda: stack.push(tuple(stack.pop_many(2))),
            "TUPLE3": lambda: stack.push(tuple(stack.pop_many(3))),
            "LIST": lambda: stack.push(stack.pop_mark()),
            "DICT": self._dict, "FROZENSET": self._frozenset,
            "APPEND": lambda: self._append([stack.pop()]),
            "APPENDS": lambda: self._append(stack.pop_mark()),
            "SETITEM": lambda: self._set_items(stack.pop_many(2)),
            "SETITEMS": lambda: self._set_items(stack.pop_mark()),
            "ADDITEMS": self._add_items,
            "STACK_GLOBAL": self._stack_global,
            "REDUCE": self._reduce, "NEWOBJ": self._new, "BUILD": self._build,
            "MEMOIZE": lambda: self._put(len(self._memo)),
            "BINPERSID": self._persistent,
            "STOP": lambda: None,
        }  # fmt: skip

    def step(self, at: int, opcode: Opcode, operand: Operand) -> None:
        """Run one instruction."""
        self._at = at
        step = self._steps.get(opcode.name)
        if step is not None:
            step()
        elif isinstance(operand, tuple):
            self._global(*operand)
        elif opcode.name == "BYTEARRAY8" and isinstance(operand, bytes):
            self._stack.push(bytearray(operand))
        elif opcode.name in _PUTS and isinstance(operand, int):
            self._put(operand)
        elif opcode.name in _GETS and isinstance(operand, int):
            self._get(operand)
        elif opcode.name not in _FOR_THE_DECODER:
            self._stack.push(operand)

    def result(self) -> Value:
        """Return the one value that is left."""
        return self._stack.only()

    def _refused(self, rule: str, what: str) -> RefusedError:
        return RefusedError(
            rule, f"the pickle {what} at byte {self._at}", place=f"byte {self._at}"
        )

    def _dict(self) -> None:
        values = self._stack.pop_mark()
        self._stack.push(Table())
        self._set_items(values)

    def _frozenset(self) -> None:
        group = Group(is_frozen=True)
        for value in self._stack.pop_mark():
            group.add(value)
        self._stack.push(group)

    def _append(self, values: list[Value]) -> None:
        onto = self._stack.top()
        if isinstance(onto, list):
            onto.extend(values)
        elif isinstance(onto, Call) and self._may(onto, "append"):
            onto.items.extend(values)
        else:
            raise self._refused("pickle/fill", "appends to something that is no list")

    def _set_items(self, values: list[Value]) -> None:
        onto = self._stack.top()
        if isinstance(onto, Call) and self._may(onto, "fill"):
            onto = onto.table
        if not isinstance(onto, Table) or len(values) % 2:
            raise self._refused("pickle/fill", "sets keys of something that is no dict")
        for key, value in zip(values[::2], values[1::2], strict=True):
            onto.put(key, value)

    def _add_items(self) -> None:
        values, onto = self._stack.pop_mark(), self._stack.top()
        if not isinstance(onto, Group) or onto.is_frozen:
            raise self._refused("pickle/fill", "adds to something that is no set")
        for value in values:
            onto.add(value)

    def _put(self, index: int) -> None:
        if index in self._memo or index > MOST_INSTRUCTIONS:
            raise self._refused("pickle/memo", f"may not write place {index} of a memo")
        self._memo[index] = self._stack.top()

    def _get(self, index: int) -> None:
        if index not in self._memo:
            raise self._refused(
                "pickle/memo", f"reads place {index} of its memo, empty,"
            )
        self._stack.push(self._memo[index])

    def _stack_global(self) -> None:
        module, name = self._stack.pop_many(2)
        if not isinstance(module, str) or not isinstance(name, str):
            raise self._refused("pickle/global", "names a global that is no text")
        self._global(module, name)

    def _global(self, module: str, name: str) -> None:
        found = Name(module, name)
        shown = str(found)[:_MOST_NAME]
        self.names.setdefault(shown, self._at)
        if found not in self._rules.names:
            self.unknown.setdefault(shown, self._at)
        if len(self.names) > MOST_NAMES:
            raise self._refused("pickle/size", f"names over {MOST_NAMES} globals")
        self._stack.push(found)

    def _persistent(self) -> None:
        if not self._rules.persistent:
            raise self._refused("pickle/persistent", "refers to something outside it")
        found = Persistent(self._stack.pop())
        self.persistent.append(found)
        self._stack.push(found)

    def _reduce(self) -> None:
        arguments = self._stack.pop()
        self._call(self._stack.pop(), arguments, "reduce")

    def _new(self) -> None:
        arguments = self._stack.pop()
        self._call(self._stack.pop(), arguments, "new")

    def _call(self, callee: Value, arguments: Value, how: How) -> None:
        call = Call(callee, arguments)
        if not isinstance(arguments, tuple) or not self._may(call, how):
            raise self._refused("pickle/call", f"calls what it may not ({how})")
        self._stack.push(call)

    def _build(self) -> None:
        state, onto = self._stack.pop(), self._stack.top()
        if not isinstance(onto, Call) or onto.is_built or not self._may(onto, "build"):
            raise self._refused("pickle/build", "hands a state to what takes none")
        onto.state, onto.is_built = state, True

    def _may(self, call: Call, how: How) -> bool:
        """Return whether the rules know this use.

        A global that is not known may be used at will, and so may what it made: in
        salvage it is a stub, otherwise the whole pickle is refused in the end.
        """
        known = (
            self._rules.names.get(call.callee)
            if isinstance(call.callee, Name)
            else None
        )
        return bool(self.unknown) if known is None else how in known


_PUTS = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
_GETS = frozenset({"GET", "BINGET", "LONG_BINGET"})
_FOR_THE_DECODER = frozenset({"PROTO", "FRAME"})
