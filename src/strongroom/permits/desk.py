"""The desk: releases keys on permits, one reader at a time, entry first.

    decide and record (one commit) ──▶ anchor at the custodians ──▶ unwrap
        ──▶ check commitment ──▶ HPKE to the reader ──▶ sign the answer

What needs several custodians, or one elsewhere, they seal to the reader themselves.

Nothing secret exists before the commit; nothing leaves before the anchor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from strongroom.access.accounts import ACCOUNTS
from strongroom.access.exposure import Held
from strongroom.access.gate import Gate
from strongroom.access.policy import Resource
from strongroom.access.request import REQUESTS
from strongroom.access.scales import Scale
from strongroom.access.sessions import Actor
from strongroom.crypto.roomkeys import RoomKeys
from strongroom.crypto.signing import Signed
from strongroom.ledger.anchors import Anchors
from strongroom.ledger.log import Writing
from strongroom.permits.answer import PURPOSE, Answer, Release
from strongroom.permits.breakglass import used_facts
from strongroom.permits.holdings import exposure_after, lock_lineages
from strongroom.permits.matching import check_names, matches
from strongroom.permits.opening import Opening
from strongroom.permits.permit import (
    PERMITS,
    Permit,
    PermitRow,
    PermitState,
    find_permit,
    revoke_permit,
)
from strongroom.permits.releases import (
    Grounds,
    ReleaseRow,
    earlier,
    entry_naming,
    load_wraps,
    record_release,
    released_on,
)
from strongroom.permits.selection import (
    Selection,
    approval_facts,
    select_from,
    wanted_facts,
)
from strongroom.permits.shares import Recorded, Shares
from strongroom.types import RoomId, SegmentId
from strongroom.vault.lineages import Lineage
from strongroom.vault.seals import CustodyDomain
from strongroom.vault.versions import ARTIFACTS, load_manifest, published, resource_of


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    """A release that is committed and not yet carried out."""

    permit: Permit
    chosen: Selection
    manifest: Signed
    wraps: Mapping[SegmentId, Mapping[tuple[int, str], bytes]]
    row: ReleaseRow


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
        self._room = room
        self._anchors = anchors
        self._shares = Shares(anchors, ledger=gate.ledger, room=room, domains=domains)
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
            entry = entry_naming(reading, decided.row)
            covering = self._anchors.covering(reading, entry)
        release = self._describe(actor, decided, opening, entry.leaf)
        info = release.info(opening)
        handed = self._shares.hand_out(
            decided.chosen.segments,
            decided.wraps,
            Recorded(entry=entry, covering=covering, opening=opening, info=info),
        )
        answer = Answer(
            release=release,
            manifest=decided.manifest.to_bytes(),
            sealed_keys=handed.sealed_keys,
            parts=handed.parts,
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
            return revoke_permit(writing, actor, row.id, reason=reason)

    def _decide(self, writing: Writing, actor: Actor, opening: Opening) -> _Decided:
        """Read, think, record: everything but the keys, in one transaction."""
        grounds, lineages = self._read(writing, actor, opening)
        self._require_allowed(writing, actor, grounds, lineages)
        chosen = grounds.chosen
        _, manifest = load_manifest(writing, chosen.version, self._manifest_key)
        return _Decided(
            permit=grounds.permit,
            chosen=chosen,
            manifest=manifest,
            wraps=load_wraps(writing, chosen),
            row=earlier(writing, opening, chosen.version.generation)
            or record_release(writing, actor, grounds),
        )

    def _read(
        self, writing: Writing, actor: Actor, opening: Opening
    ) -> tuple[Grounds, tuple[Lineage, ...]]:
        """Return what the permit says and what it would add up to, under locks.

        Raises:
            DeniedError: The permit is for somebody or something else.
            MissingError: There is no such permit, version or segment.
            IntegrityError: A row or the manifest is not what was written.
        """
        artifact = ARTIFACTS.get(writing, opening.artifact)
        lineages = lock_lineages(writing, artifact.roots)
        row = PERMITS.get(writing, opening.permit, lock=True)
        permit = row.open(self._permit_key)
        check_names(permit, actor, opening)
        version = published(writing, artifact, opening.version)
        chosen = select_from(
            writing, artifact, version, opening.segments, self._manifest_key
        )
        exposure = exposure_after(
            writing,
            permit.counts_as,
            artifact.roots,
            taken=chosen.taken,
            scale=chosen.scale,
            sealed_by=version.sealed_by,
            now=writing.now,
            key=self._permit_key,
        )
        released = released_on(writing, permit).union(Held.of(chosen.taken.values()))
        grounds = Grounds(
            opening=opening,
            row=row,
            permit=permit,
            chosen=chosen,
            exposure=exposure,
            # No scale: what leaves in two number types counts in the longer one.
            released=released.bytes_in(Scale()),
        )
        return grounds, lineages

    def _require_allowed(
        self,
        writing: Writing,
        actor: Actor,
        grounds: Grounds,
        lineages: tuple[Lineage, ...],
    ) -> None:
        """Ask policy.

        Raises:
            DeniedError: It refuses; the reasons name the rules.
        """
        row, permit, chosen = grounds.row, grounds.permit, grounds.chosen
        artifact, exposure = chosen.artifact, grounds.exposure
        request = REQUESTS.get(writing, permit.request)
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
                **used_facts(writing, self._gate, request, permit),
                **approval_facts(self._gate, writing, request),
                "requestedAt": permit.requested_at,
                "ledgerHealthy": True,
                "permit": {
                    "active": grounds.released <= permit.at_most_bytes,
                    "notYet": writing.now < permit.not_before,
                    "expired": writing.now >= permit.expires_at,
                    "revoked": row.state is PermitState.REVOKED,
                    "matches": matches(permit, actor, chosen),
                },
            },
        )

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
