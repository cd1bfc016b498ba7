"""An abstract machine that runs a pickle and never resolves a name.

    bytes ──▶ instructions ──▶ stack, marks, memo ──▶ values that can do nothing

It is no scanner: it does not find evil, it only knows what it was told about.  A name
that it was not told about refuses the pickle or, in salvage, becomes a stub.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from strongroom.intake.findings import RefusedError, listed
from strongroom.intake.formats.pickle_decoder import (
    MOST_INSTRUCTIONS,
    Instruction,
    instructions,
)
from strongroom.intake.formats.pickle_opcodes import OPCODES, Argument
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


_Step: TypeAlias = "Callable[[_Machine, Any], None]"
"""What an opcode does to the machine, given its operand."""


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
    try:
        for found in instructions(source, start, at_most=rules.instructions):
            machine.step(found)
        value = machine.result()
    except RefusedError as error:
        if not machine.unknown:
            raise
        raise _unknown(machine.unknown, rules, f"; then {error}") from None
    if machine.unknown and not rules.salvage:
        raise _unknown(machine.unknown, rules)
    return Unpickled(
        value=value,
        end=machine.at + 1,  # STOP has no argument
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
    """Stack, marks and memo, as in CPython's ``Unpickler``.

    Every method raises RefusedError where the pickle does what the rules do not know.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.stack = Stack()
        self._memo: dict[int, Value] = {}
        self.at = 0
        self.names: dict[str, int] = {}
        self.unknown: dict[str, int] = {}
        self.persistent: list[Persistent] = []

    def step(self, found: Instruction) -> None:
        """Run one instruction."""
        self.at, opcode, operand = found
        _STEPS[opcode.name](self, operand)

    def result(self) -> Value:
        """Return the one value that is left."""
        return self.stack.only()

    def _refused(self, rule: str, what: str) -> RefusedError:
        return RefusedError(
            rule, f"the pickle {what} at byte {self.at}", place=f"byte {self.at}"
        )

    def make_dict(self, _: object) -> None:
        values = self.stack.pop_mark()
        self.stack.push(Table())
        self.set_items(values)

    def make_frozenset(self, _: object) -> None:
        group = Group(is_frozen=True)
        for value in self.stack.pop_mark():
            group.add(value)
        self.stack.push(group)

    def append(self, values: list[Value]) -> None:
        onto = self.stack.top()
        if isinstance(onto, list):
            onto.extend(values)
        elif isinstance(onto, Call) and self._may(onto, "append"):
            onto.items.extend(values)
        else:
            raise self._refused("pickle/fill", "appends to something that is no list")

    def set_items(self, values: list[Value]) -> None:
        onto = self.stack.top()
        if isinstance(onto, Call) and self._may(onto, "fill"):
            onto = onto.table
        if not isinstance(onto, Table) or len(values) % 2:
            raise self._refused("pickle/fill", "sets keys of something that is no dict")
        for key, value in zip(values[::2], values[1::2], strict=True):
            onto.put(key, value)

    def add_items(self, _: object) -> None:
        values, onto = self.stack.pop_mark(), self.stack.top()
        if not isinstance(onto, Group) or onto.is_frozen:
            raise self._refused("pickle/fill", "adds to something that is no set")
        for value in values:
            onto.add(value)

    @property
    def memoized(self) -> int:
        return len(self._memo)

    def put(self, index: int) -> None:
        if index in self._memo or index > MOST_INSTRUCTIONS:
            raise self._refused("pickle/memo", f"may not write place {index} of a memo")
        self._memo[index] = self.stack.top()

    def get(self, index: int) -> None:
        if index not in self._memo:
            raise self._refused(
                "pickle/memo", f"reads place {index} of its memo, empty,"
            )
        self.stack.push(self._memo[index])

    def take_stack_global(self, _: object) -> None:
        module, name = self.stack.pop_many(2)
        if not isinstance(module, str) or not isinstance(name, str):
            raise self._refused("pickle/global", "names a global that is no text")
        self.take_global(module, name)

    def take_global(self, module: str, name: str) -> None:
        found = Name(module, name)
        shown = str(found)[:_MOST_NAME]
        self.names.setdefault(shown, self.at)
        if found not in self._rules.names:
            self.unknown.setdefault(shown, self.at)
        if len(self.names) > MOST_NAMES:
            raise self._refused("pickle/size", f"names over {MOST_NAMES} globals")
        self.stack.push(found)

    def refer(self, _: object) -> None:
        if not self._rules.persistent:
            raise self._refused("pickle/persistent", "refers to something outside it")
        found = Persistent(self.stack.pop())
        self.persistent.append(found)
        self.stack.push(found)

    def call(self, how: How) -> None:
        callee, arguments = self.stack.pop_many(2)
        call = Call(callee, arguments)
        if not isinstance(arguments, tuple) or not self._may(call, how):
            raise self._refused("pickle/call", f"calls what it may not ({how})")
        self.stack.push(call)

    def build(self, _: object) -> None:
        state, onto = self.stack.pop(), self.stack.top()
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


def _pushed(make: Callable[[Stack], Value]) -> _Step:
    return lambda machine, _: machine.stack.push(make(machine.stack))


_STEPS: Mapping[str, _Step] = {
    **{
        opcode.name: lambda machine, operand: machine.stack.push(operand)
        for opcode in OPCODES.values()
        if opcode.argument is not Argument.NOTHING
    },
    **dict.fromkeys(("PROTO", "FRAME", "STOP"), lambda *_: None),  # for the decoder
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _Machine.put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    "GLOBAL": lambda machine, names: machine.take_global(*names),
    "BYTEARRAY8": lambda machine, data: machine.stack.push(bytearray(data)),
    "MARK": lambda machine, _: machine.stack.mark(),
    "POP": lambda machine, _: machine.stack.pop_any(),
    "POP_MARK": lambda machine, _: machine.stack.drop_mark(),
    "NONE": _pushed(lambda _: None),
    "NEWTRUE": _pushed(lambda _: True),
    "NEWFALSE": _pushed(lambda _: False),
    "EMPTY_TUPLE": _pushed(lambda _: ()),
    "EMPTY_LIST": _pushed(lambda _: []),
    "EMPTY_DICT": _pushed(lambda _: Table()),
    "EMPTY_SET": _pushed(lambda _: Group()),
    "TUPLE": _pushed(lambda stack: tuple(stack.pop_mark())),
    "TUPLE1": _pushed(lambda stack: tuple(stack.pop_many(1))),
    "TUPLE2": _pushed(lambda stack: tuple(stack.pop_many(2))),
    "TUPLE3": _pushed(lambda stack: tuple(stack.pop_many(3))),
    "LIST": _pushed(lambda stack: stack.pop_mark()),
    "DICT": _Machine.make_dict,
    "FROZENSET": _Machine.make_frozenset,
    "APPEND": lambda machine, _: machine.append([machine.stack.pop()]),
    "APPENDS": lambda machine, _: machine.append(machine.stack.pop_mark()),
    "SETITEM": lambda machine, _: machine.set_items(machine.stack.pop_many(2)),
    "SETITEMS": lambda machine, _: machine.set_items(machine.stack.pop_mark()),
    "ADDITEMS": _Machine.add_items,
    "STACK_GLOBAL": _Machine.take_stack_global,
    "REDUCE": lambda machine, _: machine.call("reduce"),
    "NEWOBJ": lambda machine, _: machine.call("new"),
    "BUILD": _Machine.build,
    "MEMOIZE": lambda machine, _: machine.put(machine.memoized),
    "BINPERSID": _Machine.refer,
}
"""What each opcode does; the decoder gave its operand the type of its argument."""
