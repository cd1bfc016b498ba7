"""Issuing the permit for a request that was agreed to; everything is decided again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from strongroom import canonical
from strongroom.access.accounts import ACCOUNTS, Account
from strongroom.access.gate import Gate
from strongroom.access.request import Request
from strongroom.access.sessions import Actor
from strongroom.crypto.roomkeys import RoomKeys
from strongroom.ledger.log import Writing
from strongroom.permits.breakglass import (
    is_past_approvals,
    issued_facts,
    record_issued,
)
from strongroom.permits.drafts import stored_number, stored_texts
from strongroom.permits.holdings import exposure_after, list_permit, lock_lineages
from strongroom.permits.permit import (
    PERMITS,
    PURPOSE,
    Permit,
    PermitRow,
    PermitState,
    issued_event,
)
from strongroom.permits.selection import (
    Selection,
    approval_facts,
    select_from,
    wanted_facts,
)
from strongroom.types import PermitId, Random, RoomId, new_id
from strongroom.vault.versions import ARTIFACTS, published, resource_of


class Issuing:
    """Issues permits, in the transaction of the last approval."""

    def __init__(
        self, gate: Gate, *, room: RoomId, keys: RoomKeys, random: Random
    ) -> None:
        """Wire the shell."""
        self._gate = gate
        self._room = room
        self._keys = keys
        self._manifest_key = keys.manifest.public
        self._permit_key = keys.permit.public
        self._random = random

    def issue(self, writing: Writing, request: Request) -> None:
        """Issue the permit that a request asked for; reserves its bytes.

        Raises:
            DeniedError: The asker may no longer have it, or a cap is reached.
            MissingError: The version is gone.
        """
        payload = request.payload()
        artifact = ARTIFACTS.get(writing, str(payload["artifact"]))
        version = published(writing, artifact, stored_number(payload["version"]))
        chosen = select_from(
            writing,
            artifact,
            version,
            stored_texts(payload["segments"]),
            self._manifest_key,
        )
        lineages = lock_lineages(writing, artifact.roots)
        account = ACCOUNTS.get(writing, request.asker)
        exposure = exposure_after(
            writing,
            account.counts_as,
            artifact.roots,
            taken=chosen.taken,
            scale=chosen.scale,
            sealed_by=version.sealed_by,
            now=writing.now,
            key=self._permit_key,
        )
        terms = self._gate.terms.of(artifact.classification)
        self._gate.require(
            writing,
            Actor(account=account.id),
            "permit:issue",
            resource_of(artifact),
            {
                **wanted_facts(
                    terms,
                    lineages,
                    exposure,
                    chosen,
                    purpose=payload["purpose"] is True,
                ),
                **issued_facts(writing, self._gate, request, payload),
                **approval_facts(self._gate, writing, request),
                "requestedAt": request.created_at,
                "ledgerHealthy": True,
            },
        )
        permit = self._permit(writing, request, payload, chosen, account)
        PERMITS.insert(writing, self._row(permit))
        list_permit(writing, lineages, permit.id)
        writing.append(issued_event(permit, exposure.after - exposure.before))
        if is_past_approvals(payload):
            record_issued(writing, account, permit, request, self._gate.terms)

    def _permit(
        self,
        writing: Writing,
        request: Request,
        payload: Mapping[str, canonical.Json],
        chosen: Selection,
        account: Account,
    ) -> Permit:
        lineage = payload["lineage"] is True
        past = is_past_approvals(payload)
        terms = self._gate.terms.of(chosen.artifact.classification)
        # Past the approvals the hour counts from asking, not from being signed.
        begins = request.created_at + terms.wait
        return Permit(
            id=PermitId(new_id("permit", self._random)),
            room=self._room,
            request=request.id,
            account=account.id,
            counts_as=account.counts_as,
            artifact=chosen.artifact.id,
            version=None if lineage else chosen.version.number,
            roots=chosen.artifact.roots,
            segments=tuple(s.name for s in chosen.segments),
            segment_ids=() if lineage else tuple(s.id for s in chosen.segments),
            footprints=tuple(sorted(chosen.taken)),
            at_most_bytes=stored_number(payload["bytes"]),
            purpose_stated=payload["purpose"] is True,
            requested_at=request.created_at,
            not_before=begins,
            expires_at=(begins if past else max(writing.now, begins))
            + timedelta(seconds=stored_number(payload["seconds"])),
            policy=self._gate.rules_digest,
        )

    def _row(self, permit: Permit) -> PermitRow:
        return PermitRow(
            id=permit.id,
            request=permit.request,
            account=permit.account,
            roots=permit.roots,
            released_bytes=0,
            expires_at=permit.expires_at,
            state=PermitState.ACTIVE,
            signed=self._keys.permit.sign(PURPOSE, permit.payload()).to_bytes(),
        )
