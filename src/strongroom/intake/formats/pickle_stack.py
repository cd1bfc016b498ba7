"""The stack of a pickle, with its marks: nothing pops below the last one."""

from __future__ import annotations

from strongroom.intake.findings import RefusedError
from strongroom.intake.formats.pickle_values import Value

MOST_VALUES = 2_000_000
"""On the stack at once; picklers write lists and dicts in batches of 1,000."""


class Stack:
    """Values, and where it stood at each mark.

    Every method raises RefusedError where CPython would find nothing to pop.
    """

    __slots__ = ("_floor", "_marks", "_values")

    def __init__(self) -> None:
        self._values: list[Value] = []
        self._marks: list[int] = []
        self._floor = 0  # the last mark

    def push(self, value: Value) -> None:
        """Put a value on top."""
        if len(self._values) == MOST_VALUES:
            raise RefusedError("pickle/size", "the pickle makes its stack too deep")
        self._values.append(value)

    def top(self) -> Value:
        """Return the value on top."""
        if len(self._values) <= self._floor:
            raise _empty("a value")
        return self._values[-1]

    def pop(self) -> Value:
        """Take the value on top."""
        if len(self._values) <= self._floor:
            raise _empty("a value")
        return self._values.pop()

    def pop_many(self, count: int) -> list[Value]:
        """Take some values, the lowest first."""
        at = len(self._values) - count
        if at < self._floor:
            raise _empty("a value")
        return self._cut(at)

    def mark(self) -> None:
        """Remember how high it is."""
        if len(self._marks) == MOST_VALUES:
            raise RefusedError("pickle/size", "the pickle sets too many marks")
        self._floor = len(self._values)
        self._marks.append(self._floor)

    def pop_mark(self) -> list[Value]:
        """Take the values above the last mark, and the mark."""
        return self._cut(self._drop())

    def drop_mark(self) -> None:
        """Forget the values above the last mark, and the mark."""
        self.pop_mark()

    def pop_any(self) -> None:
        """Forget a mark that is on top, otherwise the value on top."""
        if self._marks and self._floor == len(self._values):
            self._drop()
        else:
            self.pop()

    def only(self) -> Value:
        """Return the one value that is left in the end."""
        if len(self._values) != 1 or self._marks:
            raise RefusedError("pickle/stack", "the pickle leaves not just one value")
        return self._values[0]

    def _drop(self) -> int:
        """Forget the last mark, and return where it stood."""
        if not self._marks:
            raise _empty("a mark")
        at = self._marks.pop()
        self._floor = self._marks[-1] if self._marks else 0
        return at

    def _cut(self, at: int) -> list[Value]:
        values = self._values[at:]
        del self._values[at:]
        return values


def _empty(what: str) -> RefusedError:
    return RefusedError("pickle/stack", f"the pickle uses {what} that is not there")
