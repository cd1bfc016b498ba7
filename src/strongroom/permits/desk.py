"""The desk: releases keys on permits, one reader at a time, entry first.

    decide and record (one commit) ──▶ anchor at the custodians ──▶ unwrap
        ──▶ check commitment ──▶ HPKE to the reader ──▶ sign the answer

Nothing secret exists before the commit; nothing leaves before the anchor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from strongroom.access.accounts import ACCOUNTS
from strongroom.access.exposure import Held
from strongroom.access.gate import Gate
from strongroom.access.policy import Resource
from strongroom.access.request import REQUESTS
from strongroom.access.sessions import Actor
from strongroom.crypto import hpke, keys, wraps
from strongroom.crypto.roomkeys import RoomKeys
from strongroom.crypto.signing import Signed
from strongroom.database import tables
from strongroom.database.engine import Transaction
from strongroom.database.guards import GuardedTable
from strongroom.errors import ConflictError, IntegrityError, MissingError
from strongroom.ledger.anchors import Anchors
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.permits.answer import PURPOSE, Answer, Opening, Release
from strongroom.permits.holdings import (
    Exposure,
    charge,
    exposure_after,
    load_footprints,
    lock_lineages,
)
from strongroom.permits.permit import PERMITS, Permit, PermitRow, PermitState
from strongroom.permits.requests import (
    Selection,
    approval_facts,
    select_from,
    wanted_facts,
)
from strongroom.types import AccountId, ArtifactId, PermitId, RoomId, Secret, SegmentId
from strongroom.vault.manifest import ManifestSegment
from strongroom.vault.seals import CustodyDomain
from strongroom.vault.versions import (
    ARTIFACTS,
    load_manifest,
    published,
    resource_of,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRow:
    """One release; ``id`` is the reader's nonce, which is used once."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    """A release that is committed and not yet carried out."""

    permit: Permit
    chosen: Selection
    manifest: Signed
    wraps: Mapping[SegmentId, bytes]
    row: ReleaseRow


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grounds:
    """What a release was allowed on."""

    opening: Opening
    permit: PermitRow
    chosen: Selection
    exposure: Exposure
    released: Held


class Desk:
    """Releases keys, and stops releasing them."""

    def __init__(
        self,
        gate: Gate,
        anchors: Anchors,
        *,
        room: RoomId,
        domains: Mapping[str, CustodyDomain],
        keys: RoomKeys,
    ) -> None:
        """Wire the shell."""
        self._gate = gate
        self._ledger = gate.ledger
        self._anchors = anchors
        self._room = room
        self._domains = domains
        self._keys = keys
        self._manifest_key = keys.manifest.public
        self._permit_key = keys.permit.public

    def release(self, actor: Actor, opening: Opening) -> bytes:
        """Return the signed answer with the keys sealed to the reader.

        Repeating an opening with the same nonce returns the same keys again
        and charges nothing.

        Raises:
            DeniedError: The permit does not cover it, or no longer.
            MissingError: There is no such permit, version, or segment.
            ConflictError: The nonce was used for another opening.
            IntegrityError: A wrap, manifest or row is not what was written.
            ForkError: A custodian saw another history; nothing leaves.
            UnavailableError: A custodian is locked.
        """
        refused = {
            "permit": opening.permit,
            "artifact": opening.artifact,
            "segments": list(opening.segments),
        }
        with (
            self._gate.recording_refusals(
                actor, "segment:release", opening.artifact, **refused
            ),
            self._ledger.transaction() as writing,
        ):
            decided = self._decide(writing, actor, opening)
        with self._ledger.reading() as reading:
            entry = _entry_naming(reading, decided.row)
        release = self._describe(actor, decided, opening, entry)
        secret = self._unwrap(decided)
        sealed = hpke.seal_to(opening.reader, secret, release.info(opening))
        answer = Answer(
            release=release, manifest=decided.manifest.to_bytes(), sealed_keys=sealed
        )
        return self._keys.answer.sign(PURPOSE, answer.payload()).to_bytes()

    def revoke(self, actor: Actor, permit_id: str, *, reason: str = "") -> PermitRow:
        """Stop every further release on a permit, at once.

        Keys that left before are not called back.

        Raises:
            MissingError: There is no such permit.
            DeniedError: It is not the actor's to revoke.
        """
        with (
            self._gate.recording_refusals(actor, "permit:revoke", permit_id),
            self._ledger.transaction() as writing,
        ):
            row = find_permit(writing, permit_id, lock=True)
            owner = ACCOUNTS.get(writing, row.account)
            self._gate.require(
                writing,
                actor,
                "permit:revoke",
                Resource(kind="Permit", id=row.id),
                {
                    "asker": owner.id,
                    "askerTeam": owner.team,
                    "askerOwner": owner.counts_as,
                },
            )
            if row.state is PermitState.REVOKED:
                return row
            row = PERMITS.replace(writing, row, state=PermitState.REVOKED)
            writing.append(
                Event(
                    kind="permit.revoked",
                    actor=actor.account,
                    session=actor.session,
                    facts={"permit": row.id, "account": row.account},
                    private={"reason": reason} if reason else {},
                )
            )
            return row

    def _decide(self, writing: Writing, actor: Actor, opening: Opening) -> _Decided:
        """Read, think, record: everything but the keys, in one transaction."""
        artifact = ARTIFACTS.get(writing, opening.artifact)
        lineages = lock_lineages(writing, artifact.roots)
        row = PERMITS.get(writing, opening.permit, lock=True)
        permit = row.open(self._permit_key)
        version = published(writing, artifact, opening.version)
        chosen = select_from(
            writing, artifact, version, opening.segments, self._manifest_key
        )
        request = REQUESTS.get(writing, permit.request)
        exposure = exposure_after(
            writing,
            permit.counts_as,
            artifact.roots,
            taken=chosen.taken,
            everything=chosen.everything,
            now=writing.now,
            key=self._permit_key,
        )
        released = _released(writing, permit).union(Held.of(chosen.taken.values()))
        self._gate.require(
            writing,
            actor,
            "segment:release",
            resource_of(artifact),
            {
                **wanted_facts(
                    self._gate.terms.of(artifact.classification),
                    lineages,
                    exposure,
                    chosen,
                    purpose=permit.purpose_stated,
                ),
                **approval_facts(writing, request, now=writing.now),
                "requestedAt": permit.requested_at,
                "ledgerHealthy": True,
                "permit": {
                    "active": released.bytes <= permit.at_most_bytes,
                    "notYet": writing.now < permit.not_before,
                    "expired": writing.now >= permit.expires_at,
                    "revoked": row.state is PermitState.REVOKED,
                    "matches": _matches(permit, actor, chosen),
                },
            },
        )
        _, manifest = load_manifest(writing, version, self._manifest_key)
        return _Decided(
            permit=permit,
            chosen=chosen,
            manifest=manifest,
            wraps=_load_wraps(writing, chosen),
            row=_earlier(writing, opening)
            or self._record(
                writing,
                actor,
                _Grounds(
                    opening=opening,
                    permit=row,
                    chosen=chosen,
                    exposure=exposure,
                    released=released,
                ),
            ),
        )

    def _record(self, writing: Writing, actor: Actor, grounds: _Grounds) -> ReleaseRow:
        """Charge the exposure and write down what is about to leave."""
        opening, chosen = grounds.opening, grounds.chosen
        permit = grounds.permit.open(self._permit_key)
        charged = charge(writing, permit.counts_as, chosen.artifact.roots, chosen.taken)
        if grounds.released.bytes != grounds.permit.released_bytes:
            PERMITS.replace(
                writing, grounds.permit, released_bytes=grounds.released.bytes
            )
        release = RELEASES.insert(
            writing,
            ReleaseRow(
                id=opening.nonce.hex(),
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

    def _describe(
        self, actor: Actor, decided: _Decided, opening: Opening, entry: bytes
    ) -> Release:
        return Release(
            room=self._room,
            permit=decided.permit.id,
            request=decided.permit.request,
            account=decided.permit.account,
            session=actor.session or "",
            artifact=decided.row.artifact,
            version=decided.row.version,
            generation=decided.row.generation,
            manifest=decided.chosen.manifest.digest,
            segments=decided.row.segments,
            opening=opening.digest,
            expires_at=decided.permit.expires_at,
            entry=entry.hex(),
        )

    def _unwrap(self, decided: _Decided) -> Secret:
        """Return the keys joined, after every custodian stored the checkpoint."""
        parts = [
            self._key(segment, decided.wraps[segment.id]).reveal()
            for segment in decided.chosen.segments
        ]
        return Secret(b"".join(parts))

    def _key(self, segment: ManifestSegment, wrapped: bytes) -> Secret:
        facts = segment.facts
        custodian = self._domains[segment.domain].custodian
        context = wraps.segment_context(
            room=self._room,
            artifact=facts.context.artifact,
            version=facts.context.version,
            generation=facts.context.generation,
            segment=segment.id,
            share=0,
            root_key_id=custodian.root_key_id,
        )
        share = self._anchors.unwrap(custodian, wrapped, context)
        part = keys.derive_share_key(share, 0, facts.salt, facts.context)
        key = keys.derive_key([part], facts.salt, facts.context)
        keys.verify_commitment(key, facts.commitment, facts.salt, facts.context)
        return key


def find_permit(
    transaction: Transaction, id_or_start: str, *, lock: bool = False
) -> PermitRow:
    """Return the permit of this id, of its request, or of an unambiguous start.

    Raises:
        MissingError: None or several fit.
    """
    columns = PERMITS.columns
    found = PERMITS.find(
        transaction,
        sa.or_(
            columns.id.startswith(id_or_start, autoescape=True),
            columns.id.startswith(f"permit-{id_or_start}", autoescape=True),
            columns.request.startswith(id_or_start, autoescape=True),
            columns.request.startswith(f"request-{id_or_start}", autoescape=True),
        ),
        lock=lock,
    )
    if len(found) != 1 or not id_or_start:
        raise MissingError(
            f"{len(found)} permits start with {id_or_start[:80]!r}",
            hint="strongroom requests",
        )
    return found[0]


def _matches(permit: Permit, actor: Actor, chosen: Selection) -> bool:
    """Return whether the permit is for this account and exactly such segments."""
    if permit.account != actor.account:
        return False
    if permit.version is None:
        same_line = set(permit.roots) == set(chosen.artifact.roots)
        return same_line and {s.name for s in chosen.segments} <= set(permit.segments)
    return (permit.artifact, permit.version) == (
        chosen.artifact.id,
        chosen.version.number,
    ) and {s.id for s in chosen.segments} <= set(permit.segment_ids)


def _load_wraps(transaction: Transaction, chosen: Selection) -> dict[SegmentId, bytes]:
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


def _entry_naming(transaction: Transaction, row: ReleaseRow) -> bytes:
    """Return the leaf hash of the entry that recorded a release."""
    named, entries = tables.entry_rows.c, tables.entries.c
    leaf = transaction.connection.execute(
        sa.select(entries.leaf)
        .join_from(tables.entry_rows, tables.entries, named.entry_id == entries.id)
        .where(named.table_name == tables.releases.name, named.row_id == row.id)
    ).scalar()
    if leaf is None:
        raise IntegrityError("no entry records this release")
    return bytes(leaf)


def _released(transaction: Transaction, permit: Permit) -> Held:
    """Return what was released on this permit so far."""
    rows = RELEASES.find(transaction, RELEASES.columns.permit == permit.id)
    digests = {digest for row in rows for digest in row.footprints}
    return Held.of(load_footprints(transaction, digests).values())


def _earlier(transaction: Transaction, opening: Opening) -> ReleaseRow | None:
    """Return the release that this opening repeats, if it does.

    Raises:
        ConflictError: Its nonce was used for another opening.
    """
    found = RELEASES.find(transaction, RELEASES.columns.id == opening.nonce.hex())
    if found and found[0].reader_digest != opening.digest:
        raise ConflictError(
            "this nonce was used for another opening", hint="open again"
        )
    return found[0] if found else None


def _released_event(
    actor: Actor, release: ReleaseRow, grounds: _Grounds, charged: int
) -> Event:
    return Event(
        kind="key.released",
        actor=actor.account,
        session=actor.session,
        facts={
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
