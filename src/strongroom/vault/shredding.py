"""Gives keys up: deletes every wrap of a segment, and says what could still open it.

A segment without wraps is hidden.  It is *shredded* once every root key, online and
recovery, that ever wrapped it is destroyed too, except for readers who already
received its key.  So the entry names those root keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from strongroom.access.approvals import Approvals
from strongroom.access.gate import Gate
from strongroom.access.people import ROOM
from strongroom.access.request import Request
from strongroom.access.sessions import Actor
from strongroom.canonical import Json
from strongroom.crypto.signing import VerifyKey
from strongroom.database import key_tables, tables
from strongroom.database.engine import Transaction
from strongroom.database.guarded import GuardedTable
from strongroom.errors import ConflictError, IntegrityError, MissingError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.types import RequestId
from strongroom.vault.manifest import Manifest
from strongroom.vault.manifest_segment import ManifestSegment
from strongroom.vault.rekeys import active_rekeys
from strongroom.vault.versions import (
    VERSIONS,
    Artifact,
    Version,
    find_version,
    load_manifest,
    resource_of,
)

ACTION = "key:shred"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shred:
    """A segment whose keys were given up; ``id`` is ``artifact/version/segment``."""

    id: str
    revision: int = 1
    request: RequestId
    at: datetime


SHREDS: GuardedTable[Shred] = GuardedTable(key_tables.shreds, Shred)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doomed:
    """Segments whose keys are to be given up.

    Attributes:
        roots: Ids of the root keys, online and recovery, that wrap them now.
    """

    artifact: Artifact
    version: Version
    segments: tuple[ManifestSegment, ...]
    roots: tuple[str, ...]


def verify_not_shredded(
    transaction: Transaction, manifest: Manifest, segments: Iterable[ManifestSegment]
) -> None:
    """Check that no key of these segments was given up.

    Wraps that somebody put back from a backup do not count.

    Raises:
        MissingError: One was; says when.
    """
    gone = shredded(transaction, manifest)
    for segment in segments:
        if segment.id in gone:
            raise MissingError(
                f"the key of {segment.name} was given up on"
                f" {gone[segment.id].at:%Y-%m-%d}, by {gone[segment.id].request}",
                hint="nothing in this room opens it any more",
            )


def shredded(transaction: Transaction, manifest: Manifest) -> Mapping[str, Shred]:
    """Return what was given up of a version, by id of the segment.

    Raises:
        IntegrityError: A row was deleted, forged, altered or restored.
    """
    prefix = f"{manifest.artifact}/{manifest.version}/"
    SHREDS.require_all(transaction, prefix=prefix)
    rows = SHREDS.find(transaction, SHREDS.columns.id.startswith(prefix))
    return {row.id.removeprefix(prefix): row for row in rows}


class Shredding:
    """What key-holders do so that a segment opens for nobody."""

    def __init__(
        self, gate: Gate, approvals: Approvals, *, manifest_key: VerifyKey
    ) -> None:
        """Wire the shell; approved shredding is carried out here."""
        self._gate = gate
        self._ledger = gate.ledger
        self._approvals = approvals
        self._manifest_key = manifest_key
        approvals.executors[ACTION] = self._shred

    def look(self, actor: Actor, target: str, names: tuple[str, ...]) -> Doomed:
        """Return what would be given up, and under which root keys it is wrapped.

        Args:
            actor: A key-holder.
            target: As ``NAME`` or ``NAME@3``.
            names: Of segments; all unless given.

        Raises:
            DeniedError: The actor may not manage keys.
            MissingError: There is no such version or segment, or its key is gone.
        """
        with self._gate.reading(actor, "key:manage", "room") as reading:
            artifact, version = find_version(reading, target)
            self._gate.require(reading, actor, "model:show", resource_of(artifact))
            manifest, _ = load_manifest(reading, version, self._manifest_key)
            gone = shredded(reading, manifest)
            chosen = manifest.select(names) if names else manifest.segments
            left = [s for s in chosen if s.id not in gone]
            if names or not left:
                verify_not_shredded(reading, manifest, chosen)
            roots = _roots(reading.connection, version, left)
        return Doomed(
            artifact=artifact, version=version, segments=tuple(left), roots=roots
        )

    def propose(self, actor: Actor, doomed: Doomed) -> Request:
        """Ask to give the keys up; nothing is deleted before others agree.

        Raises:
            DeniedError: The actor may not ask for it.
            ConflictError: The version is being re-keyed.
        """
        with (
            self._gate.recording_refusals(actor, "key:manage", "room"),
            self._ledger.transaction() as writing,
        ):
            asker = self._gate.require(writing, actor, "key:manage", ROOM)
            _verify_at_rest(writing, doomed.version)
            payload: dict[str, Json] = {
                "version": doomed.version.id,
                "segments": [segment.id for segment in doomed.segments],
                "names": [segment.name for segment in doomed.segments],
            }
            return self._approvals.ask(
                writing,
                actor,
                asker,
                ACTION,
                payload,
                terms=self._gate.terms.of_action(ACTION),
            )

    def _shred(self, writing: Writing, request: Request) -> None:
        payload = request.payload()
        ids = payload["segments"]
        if not isinstance(ids, list):
            raise IntegrityError(f"{request.id} does not ask to shred")
        version = VERSIONS.get(writing, str(payload["version"]), lock=True)
        _verify_at_rest(writing, version)
        manifest, _ = load_manifest(writing, version, self._manifest_key)
        chosen = manifest.select(tuple(str(one) for one in ids))
        verify_not_shredded(writing, manifest, chosen)
        roots = _roots(writing.connection, version, chosen)
        for segment in chosen:
            SHREDS.insert(
                writing,
                Shred(
                    id=f"{version.id}/{segment.id}", request=request.id, at=writing.now
                ),
            )
        deleted = writing.connection.execute(
            sa.delete(tables.wraps).where(*_wraps_of(version, chosen))
        ).rowcount
        writing.append(
            Event(
                kind="key.shredded",
                actor=request.asker,
                facts={
                    "artifact": version.artifact,
                    "version": version.number,
                    "segments": [segment.id for segment in chosen],
                    "wraps": deleted,
                    "roots": list(roots),
                    "request": request.id,
                },
            )
        )


def _verify_at_rest(writing: Writing, version: Version) -> None:
    if active_rekeys(writing, version.id):
        raise ConflictError(
            f"{version.id} is being re-keyed", hint="strongroom key rekey ends it"
        )


def _roots(
    connection: sa.Connection, version: Version, segments: Sequence[ManifestSegment]
) -> tuple[str, ...]:
    column = tables.wraps.c.root_key_id
    found = connection.execute(
        sa.select(column).where(*_wraps_of(version, segments)).distinct()
    )
    return tuple(sorted(str(root) for root in found.scalars()))


def _wraps_of(
    version: Version, segments: Sequence[ManifestSegment]
) -> list[sa.ColumnElement[bool]]:
    columns = tables.wraps.c
    return [
        columns.artifact == version.artifact,
        columns.version == version.number,
        columns.segment.in_([segment.id for segment in segments]),
    ]
