"""Releases as the database keeps them: what left, on which permit, when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from strongroom.access.exposure import Held
from strongroom.database import tables
from strongroom.database.engine import Transaction
from strongroom.database.guards import GuardedTable
from strongroom.errors import ConflictError, IntegrityError, UnavailableError
from strongroom.permits.answer import Opening
from strongroom.permits.holdings import load_footprints
from strongroom.permits.permit import Permit
from strongroom.permits.selection import Selection
from strongroom.types import AccountId, ArtifactId, PermitId, SegmentId


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRow:
    """One release; ``id`` is permit and reader's nonce, which is used once."""

    id: str
    revision: int = 1
    permit: PermitId
    account: AccountId
    reader_digest: str
    artifact: ArtifactId
    version: int
    generation: int
    segments: tuple[SegmentId, ...]
    footprints: tuple[str, ...]
    plain_bytes: int
    at: datetime


RELEASES: GuardedTable[ReleaseRow] = GuardedTable(tables.releases, ReleaseRow)


def release_id(opening: Opening) -> str:
    """Return the id of the release for an opening: ``permit/nonce``."""
    return f"{opening.permit}/{opening.nonce.hex()}"


def earlier(transaction: Transaction, opening: Opening) -> ReleaseRow | None:
    """Return the release that this opening repeats, if it does.

    Raises:
        ConflictError: Its nonce was used for another opening.
    """
    found = RELEASES.find(transaction, RELEASES.columns.id == release_id(opening))
    if found and found[0].reader_digest != opening.digest:
        raise ConflictError(
            "this nonce was used for another opening", hint="open again"
        )
    return found[0] if found else None


def released_on(transaction: Transaction, permit: Permit) -> Held:
    """Return what was released on this permit so far.

    Raises:
        IntegrityError: A release was deleted, forged, altered or restored.
    """
    rows = RELEASES.find_all(transaction, prefix=f"{permit.id}/")
    digests = {digest for row in rows for digest in row.footprints}
    return Held.of(load_footprints(transaction, digests).values())


def entry_naming(transaction: Transaction, row: ReleaseRow) -> bytes:
    """Return the leaf hash of the entry that recorded a release.

    Raises:
        IntegrityError: No entry records it.
        UnavailableError: No checkpoint covers the entry yet.
    """
    named, entries = tables.entry_rows.c, tables.entries.c
    found = transaction.connection.execute(
        sa.select(entries.leaf, entries.position)
        .join_from(tables.entry_rows, tables.entries, named.entry_id == entries.id)
        .where(named.table_name == tables.releases.name, named.row_id == row.id)
    ).first()
    if found is None:
        raise IntegrityError("no entry records this release")
    if found.position is None:  # its commit was interrupted before the sequencer
        raise UnavailableError("the release is not under a checkpoint yet")
    return bytes(found.leaf)


def load_wraps(transaction: Transaction, chosen: Selection) -> dict[SegmentId, bytes]:
    """Return the wrapped key of every chosen segment.

    Raises:
        IntegrityError: One is gone.
    """
    columns = tables.wraps.c
    rows = transaction.connection.execute(
        sa.select(columns.segment, columns.wrapped).where(
            columns.artifact == chosen.version.artifact,
            columns.version == chosen.version.number,
            columns.generation == chosen.version.generation,
            columns.segment.in_([s.id for s in chosen.segments]),
        )
    )
    found = {SegmentId(row.segment): bytes(row.wrapped) for row in rows}
    if len(found) != len(chosen.segments):
        raise IntegrityError("the wrapped key of a segment is missing")
    return found
