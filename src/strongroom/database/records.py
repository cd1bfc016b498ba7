"""Records to rows and back: words of an enumeration, and tuples as JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache, partial
from typing import Any, Protocol, TypeVar, get_args, get_origin, get_type_hints


class Record(Protocol):
    """A frozen dataclass whose fields are the columns of its table."""

    @property
    def id(self) -> str:
        """The primary key."""

    @property
    def revision(self) -> int:
        """Counts from 1; every change of the row adds one."""


R = TypeVar("R", bound=Record)


def to_row(record: Record) -> dict[str, Any]:
    """Return a record as its table stores it."""
    values = {f: getattr(record, f) for f in _hints(type(record))}
    return {k: _stored(v) for k, v in values.items()}


def _stored(value: object) -> object:
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple):
        return json.dumps([_stored(v) for v in value], separators=(",", ":"))
    return value


def from_row(record: type[R], row: Mapping[str, Any]) -> R:
    """Return the record that ``to_row`` stored; the row is verified already."""
    values = {name: row[name] for name in _hints(record)}
    for name, load in _loaders(record):
        values[name] = load(values[name])
    return record(**values)


@cache
def _loaders(record: type) -> tuple[tuple[str, Callable[[object], object]], ...]:
    """Return how to read the fields that are not as their table stores them.

    Found once for each kind of record: it costs as much as reading a row.
    """
    found = ((name, _loader(hint)) for name, hint in _hints(record).items())
    return tuple((name, load) for name, load in found if load is not None)


def _loader(hint: object) -> Callable[[object], object] | None:
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return partial(_word, hint)
    if get_origin(hint) is tuple:
        return partial(_items, _loader(get_args(hint)[0]))
    return None


def _word(kind: type[StrEnum], value: object) -> StrEnum:
    return kind(str(value))


def _items(load: Callable[[object], object] | None, value: object) -> tuple[Any, ...]:
    items = json.loads(str(value))
    return tuple(items if load is None else map(load, items))


@cache
def _hints(record: type) -> dict[str, Any]:
    hints = get_type_hints(record)
    return {f.name: hints[f.name] for f in dataclasses.fields(record)}
