"""Rows and the entry that make a sealed version exist in the database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

import sqlalchemy as sa

from strongroom.access.footprints import Footprint
from strongroom.access.sessions import Actor
from strongroom.crypto.signing import Signed
from strongroom.database import tables
from strongroom.errors import ConflictError, StrongroomError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Ledger, Writing
from strongroom.types import RoomId
from strongroom.vault.manifest import Manifest
from strongroom.vault.seals import SealedPart
from strongroom.vault.sharing import Wrap
from strongroom.vault.versions import VERSIONS, Artifact, Version, VersionState

OWN = "own"
"""Origin of what was sealed as it was, without a receipt."""


def manifest_of(
    room: RoomId, artifact: Artifact, version: Version, parts: Sequence[SealedPart]
) -> Manifest:
    """Return the manifest of a version whose objects are all stored."""
    return Manifest(
        room=room,
        artifact=artifact.id,
        version=version.number,
        generation=version.generation,
        classification=artifact.classification,
        project=artifact.project,
        parent=version.parent,
        roots=artifact.roots,
        sealed_by=version.sealed_by,
        sealed_at=version.sealed_at,
        plain_bytes=version.plain_bytes,
        segments=tuple(part.segment for part in parts),
    )


def store_parts(
    connection: sa.Connection,
    manifest: Manifest,
    signed: Signed,
    parts: Sequence[SealedPart],
) -> None:
    """Insert the signed manifest, the wraps of its keys, and its footprints."""
    place = {
        "artifact": manifest.artifact,
        "version": manifest.version,
        "generation": manifest.generation,
    }
    connection.execute(
        sa.insert(tables.manifests).values(**place, signed=signed.to_bytes())
    )
    store_wraps(connection, manifest, [wrap for part in parts for wrap in part.wraps])
    store_footprints(connection, [part.footprint for part in parts])


def store_wraps(
    connection: sa.Connection, manifest: Manifest, wraps: Iterable[Wrap]
) -> None:
    """Insert wraps of shares, in the manifest's generation."""
    connection.execute(
        sa.insert(tables.wraps),
        [
            {
                "artifact": manifest.artifact,
                "version": manifest.version,
                "generation": manifest.generation,
                "segment": wrap.segment,
                "share": wrap.share,
                "root_key_id": wrap.root_key_id,
                "wrapped": wrap.wrapped,
            }
            for wrap in wraps
        ],
    )


def store_footprints(
    connection: sa.Connection, footprints: Iterable[Footprint]
) -> None:
    """Keep the extents behind the digests; equal ones are kept once."""
    fresh = {f.digest.hex(): f for f in footprints}
    columns = tables.footprints.c
    known = connection.execute(
        sa.select(columns.digest).where(columns.digest.in_(fresh))
    ).scalars()
    for digest in known.all():
        del fresh[digest]
    if fresh:
        connection.execute(
            sa.insert(tables.footprints),
            [{"digest": d, "extents": f.to_bytes()} for d, f in fresh.items()],
        )


def sealed_event(actor: Actor, manifest: Manifest, origin: str = OWN) -> Event:
    """Return the entry that says what was sealed.

    Args:
        actor: Who sealed.
        manifest: Of what.
        origin: The intake that it came through; ``OWN`` if it came from the sealer.
    """
    return actor.event(
        "artifact.sealed",
        {
            "artifact": manifest.artifact,
            "version": manifest.version,
            "generation": manifest.generation,
            "classification": manifest.classification,
            "project": manifest.project,
            "parent": manifest.parent,
            "roots": list(manifest.roots),
            "manifest": manifest.digest,
            "segments": [s.id for s in manifest.segments],
            "bytes": manifest.plain_bytes,
            "origin": origin,
        },
    )


def abandoned_event(version: Version, actor: Actor | None = None) -> Event:
    """Return the entry for a version that somebody, or the room, gave up."""
    return Event(
        kind="version.abandoned",
        actor=actor.account if actor else None,
        session=actor.session if actor else None,
        facts={"artifact": version.artifact, "version": version.number},
    )


def abandon(ledger: Ledger, actor: Actor, version: Version) -> None:
    """Give a version up, if that can be written: what went wrong first counts."""
    with suppress(StrongroomError), ledger.transaction() as writing:
        VERSIONS.replace(
            writing, still_sealing(writing, version), state=VersionState.ABANDONED
        )
        writing.append(abandoned_event(version, actor))


def still_sealing(writing: Writing, version: Version) -> Version:
    """Return the locked row of a version whose seal is still under way.

    Raises:
        ConflictError: It was given up meanwhile, and its objects may be gone.
    """
    found = VERSIONS.get(writing, version.id, lock=True)
    if found.state is not VersionState.SEALING:
        raise ConflictError(
            f"the seal of {found.id} was given up: it took long, or was recalled",
            hint="seal it again",
        )
    return found
