"""Releases as the database keeps them: what left, on which permit, when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from strongroom.access.exposure import Held
from strongroom.access.sessions import Actor
from strongroom.database import tables
from strongroom.database.cells import blob
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.errors import ConflictError, IntegrityError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Entry, Writing
from strongroom.ledger.rows import rows_of
from strongroom.permits.holdings import Exposure, charge, load_footprints
from strongroom.permits.opening import Opening
from strongroom.permits.permit import PERMITS, Permit, PermitRow
from strongroom.permits.selection import Selection
from strongroom.types import AccountId, ArtifactId, PermitId, SegmentId
from strongroom.vault.shredding import verify_not_shredded


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounds:
    """What a release was allowed on.

    Attributes:
        released: Distinct bytes on the permit, this release included.
    """

    opening: Opening
    row: PermitRow
    permit: Permit
    chosen: Selection
    exposure: Exposure
    released: int


def record_release(writing: Writing, actor: Actor, grounds: Grounds) -> ReleaseRow:
    """Charge the exposure and write down what is about to leave."""
    opening, chosen = grounds.opening, grounds.chosen
    permit = grounds.permit
    charged = charge(
        writing,
        permit.counts_as,
        chosen.artifact.roots,
        chosen.taken,
        chosen.scale,
    )
    # Also when no byte is new: a row put back, used and put forward again would
    # else leave no trace in the chain of its revisions.
    PERMITS.replace(writing, grounds.row, released_bytes=grounds.released)
    release = RELEASES.insert(
        writing,
        ReleaseRow(
            id=release_id(opening),
            permit=permit.id,
            account=permit.account,
            reader_digest=opening.digest,
            artifact=chosen.artifact.id,
            version=chosen.version.number,
            generation=chosen.version.generation,
            segments=tuple(s.id for s in chosen.segments),
            footprints=tuple(sorted(chosen.taken)),
            plain_bytes=chosen.plain_bytes,
            at=writing.now,
        ),
    )
    writing.append(_released_event(actor, release, grounds, charged))
    return release


def earlier(
    transaction: Transaction, opening: Opening, generation: int
) -> ReleaseRow | None:
    """Return the release that this opening repeats, if it does.

    Raises:
        ConflictError: Its nonce was used for another opening, or the version is in
            another generation by now.
    """
    found = RELEASES.find(transaction, RELEASES.columns.id == release_id(opening))
    if found and found[0].reader_digest != opening.digest:
        raise ConflictError(
            "this nonce was used for another opening", hint="open again"
        )
    if found and found[0].generation != generation:
        raise ConflictError(
            "the version was re-keyed since this opening", hint="open again"
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


def entry_naming(transaction: Transaction, row: ReleaseRow) -> Entry:
    """Return the entry that recorded a release.

    Raises:
        IntegrityError: No entry records it.
    """
    named, entries = tables.entry_rows.c, tables.entries.c
    found = transaction.connection.execute(
        sa.select(entries.id, entries.position, entries.body, entries.attached)
        .join_from(tables.entry_rows, tables.entries, named.entry_id == entries.id)
        .where(named.table_name == tables.releases.name, named.row_id == row.id)
    ).first()
    if found is None:
        raise IntegrityError("no entry records this release")
    entry = Entry(**found._asdict())
    changes = rows_of(entry.body, entry.attached).changes
    if (tables.releases.name, row.id) not in {(c.table, c.id) for c in changes}:
        raise IntegrityError(
            "the entry that is noted for this release does not record it",
            hint="somebody edits entry_rows; strongroom ledger verify",
        )
    return entry


def load_wraps(
    transaction: Transaction, chosen: Selection
) -> dict[SegmentId, dict[tuple[int, str], bytes]]:
    """Return the wrapped shares of every chosen segment, by number and root key.

    Raises:
        IntegrityError: One is gone.
        MissingError: One was given up.
    """
    columns = tables.wraps.c
    verify_not_shredded(transaction, chosen.manifest, chosen.segments)
    generations = {s.id: s.facts.context.generation for s in chosen.segments}
    rows = transaction.connection.execute(
        sa.select(
            columns.segment,
            columns.generation,
            columns.share,
            columns.root_key_id,
            columns.wrapped,
        ).where(
            columns.artifact == chosen.version.artifact,
            columns.version == chosen.version.number,
            columns.segment.in_([s.id for s in chosen.segments]),
        )
    )
    found: dict[SegmentId, dict[tuple[int, str], bytes]] = {}
    for row in rows:
        if row.generation != generations[SegmentId(row.segment)]:
            continue  # of an object that takes its place, or did before
        held = found.setdefault(SegmentId(row.segment), {})
        held[row.share, row.root_key_id] = blob(row.wrapped)
    if len(found) != len(chosen.segments):
        raise IntegrityError("the wrapped key of a segment is missing")
    return found


def _released_event(
    actor: Actor, release: ReleaseRow, grounds: Grounds, charged: int
) -> Event:
    return actor.event(
        "key.released",
        {
            "permit": release.permit,
            "artifact": release.artifact,
            "version": release.version,
            "generation": release.generation,
            "segments": list(release.segments),
            "bytes": release.plain_bytes,
            "roots": list(grounds.chosen.artifact.roots),
            "reader": release.reader_digest,
            "charged": charged,
            "exposure": grounds.exposure.after,
            "worst_pair": grounds.exposure.pair_after,
        },
    )
