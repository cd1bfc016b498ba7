"""Rows of ``wraps`` that lack a sibling under another root key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from strongroom.crypto.handover import WrappedShare
from strongroom.database import tables
from strongroom.database.cells import blob
from strongroom.types import ArtifactId, RoomId, SegmentId

_PLACE = ("artifact", "version", "generation", "segment", "share")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapped:
    """A row of ``wraps``: one share under one root key."""

    artifact: ArtifactId
    version: int
    generation: int
    segment: SegmentId
    share: int
    root_key_id: str
    wrapped: bytes

    @property
    def place(self) -> tuple[str, int, int, str, int]:
        """The share, whatever wraps it; rows are ordered by it."""
        return (
            self.artifact,
            self.version,
            self.generation,
            self.segment,
            self.share,
        )

    @property
    def name(self) -> str:
        """The share as entries name it."""
        return "/".join(map(str, self.place))

    def held(self, room: RoomId) -> WrappedShare:
        """Return it as custodians hand it over."""
        return WrappedShare(
            room=room,
            artifact=self.artifact,
            version=self.version,
            generation=self.generation,
            segment=self.segment,
            share=self.share,
            wrapped=self.wrapped,
        )

    def under(self, root_key_id: str, wrapped: bytes) -> Wrapped:
        """Return the same share under another root key."""
        return replace(self, root_key_id=root_key_id, wrapped=wrapped)


def lacking(
    connection: sa.Connection,
    old: str,
    new: str,
    *,
    after: Wrapped | None = None,
    at_most: int,
) -> list[Wrapped]:
    """Return shares that are wrapped under ``old`` and not under ``new``, in order.

    Args:
        connection: Where to look.
        old: Id of a root key.
        new: Id of another one.
        after: The last one that was returned before; those before it are done.
        at_most: How many.
    """
    columns = tables.wraps.c
    other = tables.wraps.alias()
    done = sa.exists().where(
        *(other.c[name] == columns[name] for name in _PLACE),
        other.c.root_key_id == new,
    )
    statement = sa.select(tables.wraps).where(columns.root_key_id == old, ~done)
    if after is not None:
        statement = statement.where(_place() > sa.tuple_(*after.place))
    rows = connection.execute(
        statement.order_by(*(columns[name] for name in _PLACE)).limit(at_most)
    )
    return [_wrapped(row) for row in rows]


def insert_fresh(
    connection: sa.Connection, rows: Sequence[Wrapped], old: str
) -> list[Wrapped]:
    """Insert wraps of shares that are still held, and return those.

    Args:
        connection: Of a transaction that writes.
        rows: Under their new root key; at most 256.
        old: Id of the root key under which they must still be wrapped.
    """
    new = rows[0].root_key_id
    statement = sa.select(tables.wraps).where(
        _place().in_([row.place for row in rows]),
        tables.wraps.c.root_key_id.in_([old, new]),
    )
    if connection.dialect.name != "sqlite":  # which has one writer anyway
        statement = statement.with_for_update()
    there = {
        (r.place, r.root_key_id) for r in map(_wrapped, connection.execute(statement))
    }
    fresh = [
        row
        for row in rows
        if (row.place, old) in there and (row.place, new) not in there
    ]
    if fresh:
        values = [
            {
                **dict(zip(_PLACE, row.place, strict=True)),
                "root_key_id": new,
                "wrapped": row.wrapped,
            }
            for row in fresh
        ]
        connection.execute(sa.insert(tables.wraps), values)
    return fresh


def remove_under(connection: sa.Connection, root_key_id: str) -> int:
    """Delete every wrap of a share under a root key; return how many there were."""
    columns = tables.wraps.c
    statement = sa.delete(tables.wraps).where(columns.root_key_id == root_key_id)
    return connection.execute(statement).rowcount


def _place() -> sa.Tuple:
    return sa.tuple_(*(tables.wraps.c[name] for name in _PLACE))


def _wrapped(row: sa.Row[tuple[object, ...]]) -> Wrapped:
    values = row._asdict()
    return Wrapped(**{**values, "wrapped": blob(values["wrapped"])})
