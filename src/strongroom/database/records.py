"""Records to rows and back: words of an enumeration, and tuples as JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
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
    values = {k: _loaded(hint, row[k]) for k, hint in _hints(record).items()}
    return record(**values)


def _loaded(hint: object, value: object) -> object:
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return hint(str(value))
    if get_origin(hint) is tuple:
        item = get_args(hint)[0]
        return tuple(_loaded(item, i) for i in json.loads(str(value)))
    return value


@cache
def _hints(record: type) -> dict[str, Any]:
    hints = get_type_hints(record)
    return {f.name: hints[f.name] for f in dataclasses.fields(record)}
