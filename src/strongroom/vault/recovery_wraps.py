"""What a recovery key has to open: the room's own keys, and shares of segments.

Rows of ``wraps`` and ``room_keys`` need no MAC: a wrap opens only in its place.
A recovery wrap can be made by anybody who has the public half, so the digest of
those of the room's keys stands in the ledger.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from strongroom import canonical
from strongroom.crypto import wraps
from strongroom.crypto.handover import WrappedShare
from strongroom.crypto.signing import VerifyKey
from strongroom.database import tables
from strongroom.database.cells import blob
from strongroom.database.engine import Transaction
from strongroom.types import RoomId, SegmentId
from strongroom.vault.manifest import Manifest
from strongroom.vault.manifest_segment import ManifestSegment
from strongroom.vault.versions import VERSIONS, VersionState, load_manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One share of one segment, and under which root keys it is wrapped.

    Attributes:
        wrapped: The wraps by id of the root key.
    """

    manifest: Manifest
    segment: ManifestSegment
    share: int
    wrapped: Mapping[str, bytes]

    @property
    def domain(self) -> str:
        """The custody domain whose custodian holds this share."""
        return self.segment.custodians[self.share]

    def context(self, root_key_id: str) -> bytes:
        """Return its place under a root key."""
        return self.under(root_key_id).place(root_key_id)

    def under(self, root_key_id: str) -> WrappedShare:
        """Return it as custodians hand it over, as a root key wraps it, if one does."""
        return WrappedShare(
            room=self.manifest.room,
            artifact=self.manifest.artifact,
            version=self.manifest.version,
            generation=self.segment.facts.context.generation,
            segment=self.segment.id,
            share=self.share,
            wrapped=self.wrapped.get(root_key_id, b""),
        )

    def row(self, root_key_id: str, wrapped: bytes) -> dict[str, Any]:
        """Return the row of ``wraps`` for another wrap of it."""
        return {
            **place_of(self.manifest),
            "generation": self.segment.facts.context.generation,
            "segment": self.segment.id,
            "share": self.share,
            "root_key_id": root_key_id,
            "wrapped": wrapped,
        }


def place_of(manifest: Manifest) -> dict[str, Any]:
    """Return what rows and entries name one generation of a version by."""
    return {
        "artifact": manifest.artifact,
        "version": manifest.version,
        "generation": manifest.generation,
    }


def sealed_manifests(transaction: Transaction, key: VerifyKey) -> list[Manifest]:
    """Return the verified manifest of every version whose seal ended.

    Raises:
        IntegrityError: One was altered, or is not what its version names.
        MissingError: One is gone.
    """
    columns = VERSIONS.columns
    states = (
        VersionState.HELD,
        VersionState.QUARANTINED,
        VersionState.PENDING,
        VersionState.PUBLISHED,
    )
    versions = VERSIONS.find(transaction, columns.state.in_(states))
    return [load_manifest(transaction, version, key)[0] for version in versions]


def held_shares(connection: sa.Connection, manifest: Manifest) -> list[Held]:
    """Return every share of a version that is wrapped under some root key."""
    columns = tables.wraps.c
    rows = connection.execute(
        sa.select(
            columns.segment, columns.share, columns.root_key_id, columns.wrapped
        ).where(*_of(manifest))
    )
    found: dict[tuple[str, int], dict[str, bytes]] = {}
    for row in rows:
        by_root = found.setdefault((row.segment, row.share), {})
        by_root[row.root_key_id] = blob(row.wrapped)
    segments = {segment.id: segment for segment in manifest.segments}
    return [
        Held(
            manifest=manifest,
            segment=segments[SegmentId(segment)],
            share=share,
            wrapped=by_root,
        )
        for (segment, share), by_root in sorted(found.items())
        if segment in segments
    ]


def still_held(
    connection: sa.Connection, manifest: Manifest, root_key_ids: Collection[str]
) -> set[tuple[str, int, str]]:
    """Return segment, share and root key of the wraps there are, locked."""
    columns = tables.wraps.c
    statement = sa.select(columns.segment, columns.share, columns.root_key_id).where(
        *_of(manifest), columns.root_key_id.in_(root_key_ids)
    )
    if connection.dialect.name != "sqlite":  # which has one writer anyway
        statement = statement.with_for_update()
    return {(r.segment, r.share, r.root_key_id) for r in connection.execute(statement)}


def load_room_keys(connection: sa.Connection, root_key_id: str) -> dict[str, bytes]:
    """Return the room's own keys as they are wrapped under one root key."""
    columns = tables.room_keys.c
    rows = connection.execute(
        sa.select(columns.name, columns.wrapped).where(
            columns.root_key_id == root_key_id
        )
    )
    return {row.name: blob(row.wrapped) for row in rows}


def store_room_keys(
    connection: sa.Connection, root_key_id: str, wrapped: Mapping[str, bytes]
) -> None:
    """Insert the room's own keys wrapped under another root key."""
    rows = [
        {"name": name, "root_key_id": root_key_id, "wrapped": data}
        for name, data in wrapped.items()
    ]
    connection.execute(sa.insert(tables.room_keys), rows)


def room_keys_digest(wrapped: Mapping[str, bytes]) -> str:
    """Return what the ledger keeps of the wraps of the room's keys; hexadecimal."""
    fields = (part for name in sorted(wrapped) for part in (name, wrapped[name]))
    return canonical.digest("strongroom/v1/recovery-wraps", *fields).hex()


def room_key_place(room: RoomId, name: str, root_key_id: str) -> bytes:
    """Return the place of one of the room's own keys under a root key."""
    return wraps.room_key_context(room=room, name=name, root_key_id=root_key_id)


def remove_wrap(connection: sa.Connection, held: Held, root_key_id: str) -> None:
    """Delete one wrap of a share."""
    columns = tables.wraps.c
    connection.execute(
        sa.delete(tables.wraps).where(
            columns.artifact == held.manifest.artifact,
            columns.version == held.manifest.version,
            columns.generation == held.segment.facts.context.generation,
            columns.segment == held.segment.id,
            columns.share == held.share,
            columns.root_key_id == root_key_id,
        )
    )


def remove_room_keys(connection: sa.Connection, root_key_id: str) -> int:
    """Delete the room's own keys under a root key; return how many there were."""
    columns = tables.room_keys.c
    statement = sa.delete(tables.room_keys).where(columns.root_key_id == root_key_id)
    return connection.execute(statement).rowcount


def remove_other_room_keys(connection: sa.Connection, kept: Collection[str]) -> int:
    """Delete the room's own keys under root keys not in ``kept``; return how many."""
    columns = tables.room_keys.c
    statement = sa.delete(tables.room_keys).where(columns.root_key_id.not_in(kept))
    return connection.execute(statement).rowcount


def _of(manifest: Manifest) -> list[sa.ColumnElement[bool]]:
    """Return what selects the wraps of a version, each segment's in its generation."""
    columns = tables.wraps.c
    by_generation: dict[int, list[str]] = {}
    for segment in manifest.segments:
        by_generation.setdefault(segment.facts.context.generation, []).append(
            segment.id
        )
    return [
        columns.artifact == manifest.artifact,
        columns.version == manifest.version,
        sa.or_(
            *(
                sa.and_(columns.generation == generation, columns.segment.in_(ids))
                for generation, ids in by_generation.items()
            )
        ),
    ]
