"""Re-keyings as the database keeps them, until the version is switched.

A row of ``rekeys`` says what is to be done, so that an interrupted one goes on.  A
row of ``rekeyed`` is one finished segment: what the manifest will say of it, signed,
since nothing else vouches for it until then.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from strongroom.crypto.signing import Signed, SigningKey, VerifyKey
from strongroom.database import key_tables, tables
from strongroom.database.cells import blob
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.errors import ConflictError, IntegrityError
from strongroom.ledger.log import Writing
from strongroom.ledger.second import in_force
from strongroom.types import AccountId, ArtifactId, SegmentId
from strongroom.vault.manifest import MAX_MANIFEST_BYTES, Manifest, open_manifest
from strongroom.vault.manifest_segment import ManifestSegment

PURPOSE = "rekeyed"
"""What the desk's signature over a finished segment is for."""


class RekeyState(StrEnum):
    """Whether segments are still being re-keyed."""

    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rekey:
    """One re-keying; ``id`` is ``artifact/version/generation``.

    Attributes:
        generation: The one that is being made.
        segments: Which segments; the others stay as they are.
        suite: How the new objects are encrypted.
    """

    id: str
    revision: int = 1
    artifact: ArtifactId
    number: int
    generation: int
    segments: tuple[SegmentId, ...]
    suite: int
    state: RekeyState
    begun_by: AccountId
    begun_at: datetime


REKEYS: GuardedTable[Rekey] = GuardedTable(key_tables.rekeys, Rekey)


def active_rekeys(transaction: Transaction, version: str | None = None) -> list[Rekey]:
    """Return the re-keyings that have not ended, of one version or of all."""
    columns = REKEYS.columns
    found = REKEYS.find(transaction, columns.state == RekeyState.ACTIVE)
    if version is None:
        return found
    return [one for one in found if f"{one.artifact}/{one.number}" == version]


def store_finished(
    connection: sa.Connection,
    manifest: Manifest,
    segment: ManifestSegment,
    key: SigningKey,
) -> None:
    """Keep what the next manifest will say of one segment.

    Args:
        connection: Of a transaction that writes.
        manifest: The next one's frame: its generation is the new one.
        segment: As it is now.
        key: The room's manifest key.
    """
    second = in_force(connection)
    signed = _alone(manifest, segment).sign(key, PURPOSE, second=second)
    connection.execute(
        sa.insert(key_tables.rekeyed).values(
            artifact=manifest.artifact,
            version=manifest.version,
            generation=manifest.generation,
            segment=segment.id,
            signed=signed.to_bytes(),
        )
    )


def load_finished(
    connection: sa.Connection, rekey: Rekey, key: VerifyKey
) -> dict[SegmentId, ManifestSegment]:
    """Return the segments of a re-keying that are finished.

    One that carries fewer signatures than are demanded by now is not.

    Raises:
        IntegrityError: One was altered, or is of another re-keying.
    """
    columns = key_tables.rekeyed.c
    rows = connection.execute(
        sa.select(columns.segment, columns.signed).where(*_of(rekey))
    )
    both, found = in_force(connection) is not None, {}
    for row in rows:
        signed = Signed.from_bytes(blob(row.signed), 2 * MAX_MANIFEST_BYTES)
        one = open_manifest(signed, key, PURPOSE)
        stated = (one.artifact, one.version, one.generation, one.segments[0].id)
        if stated != (rekey.artifact, rekey.number, rekey.generation, row.segment):
            raise IntegrityError("a re-keyed segment belongs to another re-keying")
        if one.both or not both:
            found[SegmentId(row.segment)] = one.segments[0]
    return found


def remove_finished(
    connection: sa.Connection, rekey: Rekey, segment: SegmentId | None = None
) -> None:
    """Forget the finished segments of a re-keying, or one of them."""
    where = _of(rekey)
    if segment is not None:
        where.append(key_tables.rekeyed.c.segment == segment)
    connection.execute(sa.delete(key_tables.rekeyed).where(*where))


def still_active(writing: Writing, rekey: Rekey) -> Rekey:
    """Return the locked row of a re-keying that is under way.

    Raises:
        ConflictError: Somebody else ended it.
    """
    found = REKEYS.get(writing, rekey.id, lock=True)
    if found.state is not RekeyState.ACTIVE:
        raise ConflictError(f"the re-keying {rekey.id} was ended by somebody else")
    return found


def remove_wraps(
    connection: sa.Connection, manifest: Manifest, segment: SegmentId, generation: int
) -> None:
    """Delete the wraps of one segment in one generation."""
    columns = tables.wraps.c
    connection.execute(
        sa.delete(tables.wraps).where(
            columns.artifact == manifest.artifact,
            columns.version == manifest.version,
            columns.generation == generation,
            columns.segment == segment,
        )
    )


def replace_manifest(
    connection: sa.Connection, before: Manifest, after: Manifest, signed: Signed
) -> None:
    """Put the manifest of the next generation in place of the one before."""
    columns = tables.manifests.c
    connection.execute(
        sa.update(tables.manifests)
        .where(
            columns.artifact == before.artifact,
            columns.version == before.version,
            columns.generation == before.generation,
        )
        .values(generation=after.generation, signed=signed.to_bytes())
    )


def _alone(manifest: Manifest, segment: ManifestSegment) -> Manifest:
    """Return a manifest of one segment, to be signed and read like any other."""
    return replace(manifest, segments=(segment,))


def _of(rekey: Rekey) -> list[sa.ColumnElement[bool]]:
    columns = key_tables.rekeyed.c
    return [
        columns.artifact == rekey.artifact,
        columns.version == rekey.number,
        columns.generation == rekey.generation,
    ]
