"""What a pickle becomes here: values that can do nothing.

A name is two strings, a call is a record of what would have been called.  Nobody looks
a name up; the format that wrote the pickle says what a record means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from strongroom.intake.findings import RefusedError

Value: TypeAlias = (
    "bool | int | float | str | bytes | bytearray | tuple[Value, ...] | list[Value]"
    " | Table | Group | Name | Call | Persistent | None"
)
Key: TypeAlias = "bool | int | float | str | bytes | Name | None"

MOST_KEY_PARTS = 16
MOST_KEY_LETTERS = 4096
"""Of a key of bytes, or of texts together: each dict that has it keeps a copy."""

_MOST_KEY_INTEGER = 2**63


@dataclass(frozen=True, slots=True)
class Name:
    """A global that the pickle names.

    Attributes:
        module: Up to where Python would import.
        name: What it would take from there; may have dots.
    """

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(slots=True, eq=False)
class Table:
    """A dict.

    Attributes:
        pairs: Keys and values in order, each under a form of the key that is cheap to
            compare.
    """

    pairs: dict[Key, tuple[Value, Value]] = field(default_factory=dict)

    def put(self, key: Value, value: Value) -> None:
        """Add a pair.

        Raises:
            RefusedError: The key is there already, or can be none.
        """
        form = key_form(key)
        if form in self.pairs:
            raise RefusedError("pickle/key", "a dict has one key twice")
        self.pairs[form] = (key, value)

    def get(self, key: str) -> Value:
        """Return what stands under a string, or None."""
        return self.pairs.get(key, (None, None))[1]


@dataclass(slots=True, eq=False)
class Group:
    """A set or, if it is frozen, a frozenset."""

    is_frozen: bool = False
    items: dict[Key, Value] = field(default_factory=dict)

    def add(self, item: Value) -> None:
        """Add an element.

        Raises:
            RefusedError: It is there already, or can be none.
        """
        form = key_form(item)
        if form in self.items:
            raise RefusedError("pickle/key", "a set has one element twice")
        self.items[form] = item


@dataclass(slots=True, eq=False)
class Call:
    """What would have been called, and what would have been done to its result.

    Attributes:
        callee: What: a name, or in salvage anything.
        arguments: With what.
        table: Pairs that were set on the result.
        items: What was appended to it.
        state: What BUILD handed to it.
        is_built: Whether BUILD did.
    """

    callee: Value
    arguments: Value
    table: Table = field(default_factory=Table)
    items: list[Value] = field(default_factory=list)
    state: Value = None
    is_built: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Persistent:
    """What lies outside the pickle, such as a storage."""

    id: Value


def key_form(key: Value) -> Key:
    """Return a value that is equal exactly where Python's keys would be.

    Hashes of strings and bytes are salted for each process.  Those of numbers are not,
    but few numbers in these ranges share one; a tuple becomes bytes, because anybody
    can compute tuples that share one.  A letter before them tells it from bytes.

    Raises:
        RefusedError: The value can be no key, or not one that we know.
    """
    if key is None or isinstance(key, (str, bool, Name)):
        return key
    if isinstance(key, int) and -_MOST_KEY_INTEGER < key < _MOST_KEY_INTEGER:
        return key
    if isinstance(key, float) and key == key:  # noqa: PLR0124  # NaN is unlike itself
        return key
    if (
        isinstance(key, tuple)
        and len(key) <= MOST_KEY_PARTS
        and all(type(part) in {int, str} for part in key)
        and sum(len(part) for part in key if isinstance(part, str)) <= MOST_KEY_LETTERS
    ):
        return b"t" + repr(key).encode()
    if isinstance(key, bytes) and len(key) <= MOST_KEY_LETTERS:
        return b"b" + key
    raise RefusedError(
        "pickle/key",
        f"a dict or set has a key that is a {type(key).__name__.lower()} out of bounds",
    )
