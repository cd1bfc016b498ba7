"""What an entry says of guarded rows, read from its bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from strongroom import canonical
from strongroom.database.basis import Basis, RowsRead, RowUsed
from strongroom.database.guards import RowChange
from strongroom.errors import IntegrityError
from strongroom.ledger.events import (
    MAX_ATTACHED_BYTES,
    MAX_ENTRY_BYTES,
    attached_digest,
)

T = TypeVar("T")
_HASH_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What one entry says of guarded rows.

    Attributes:
        changes: Rows that changed with it, in order.
        basis: Rows that its transaction had read.
    """

    changes: tuple[RowChange, ...]
    basis: Basis

    @property
    def says_anything(self) -> bool:
        """Whether a row changed or was read."""
        return bool(self.changes or self.basis)


def rows_of(body: bytes, attached: bytes | None) -> Rows:
    """Return what an entry says of guarded rows.

    Args:
        body: The entry, canonical JSON.
        attached: The document that it names by digest, if any.

    Raises:
        IntegrityError: It cannot be read.
    """
    document = _mapping(canonical.from_json(body, at_most_bytes=MAX_ENTRY_BYTES))
    beside: Mapping[str, canonical.Json] = {}
    stated = None if attached is None else attached_digest(attached).hex()
    if document.get("attached") != stated:
        raise IntegrityError("an entry names another attached document")
    if attached is not None:
        beside = _mapping(
            canonical.from_json(attached, at_most_bytes=MAX_ATTACHED_BYTES)
        )
    try:
        changes = [*_list(document["rows"]), *_list(beside.get("rows", ()))]
        basis = _mapping(document.get("basis") or beside.get("basis") or {})
        return Rows(
            changes=tuple(_change(_list(change)) for change in changes),
            basis=Basis(
                seen=_number(basis.get("seen", 0)),
                reads=(
                    *_each(partial(_read, listed=True), basis.get("reads", ())),
                    *_each(partial(_read, listed=False), basis.get("counted", ())),
                ),
                used=tuple(_each(_used, basis.get("used", ()))),
            ),
        )
    except (KeyError, TypeError, ValueError):
        raise IntegrityError("an entry does not name its rows") from None


def _each(
    parse: Callable[[list[canonical.Json]], T], value: canonical.Json
) -> Iterable[T]:
    return (parse(_list(item)) for item in _list(value))


def _change(row: list[canonical.Json]) -> RowChange:
    table, row_id, revision, mac = row
    return RowChange(
        table=str(table),
        id=str(row_id),
        revision=_number(revision),
        mac=_hash(mac),
    )


def _read(read: list[canonical.Json], *, listed: bool) -> RowsRead:
    table, prefix, after, digest = read
    return RowsRead(
        table=str(table),
        prefix=str(prefix),
        after=_number(after),
        digest=_hash(digest),
        listed=listed,
    )


def _used(used: list[canonical.Json]) -> RowUsed:
    table, row_id, revision = used
    return RowUsed(table=str(table), id=str(row_id), revision=_number(revision))


def _number(value: canonical.Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError
    if value < 0:  # canonical JSON has none over 2^53
        raise ValueError
    return value


def _hash(value: canonical.Json) -> bytes:
    data = bytes.fromhex(str(value))
    if len(data) != _HASH_BYTES:  # the tree of counted rows reads 32
        raise ValueError
    return data


def _list(value: canonical.Json) -> list[canonical.Json]:
    if not isinstance(value, list | tuple):
        raise TypeError
    return list(value)


def _mapping(value: canonical.Json) -> Mapping[str, canonical.Json]:
    if not isinstance(value, Mapping):
        raise IntegrityError("an entry does not name its rows")
    return value
