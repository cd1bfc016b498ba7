"""Asking for segments, and issuing the permit once everybody agreed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from strongroom import canonical
from strongroom.access.accounts import ACCOUNTS, Account
from strongroom.access.approvals import Approvals
from strongroom.access.gate import Gate
from strongroom.access.request import Request
from strongroom.access.sessions import Actor
from strongroom.access.telling import Tell, Told
from strongroom.crypto.roomkeys import RoomKeys
from strongroom.database.engine import Transaction
from strongroom.ledger.log import Reading, Writing
from strongroom.permits.breakglass import (
    asked_facts,
    asked_terms,
    is_past_approvals,
    issued_facts,
    record_issued,
    tell_of,
)
from strongroom.permits.drafts import (
    DEFAULT_DURATION,
    RequestDraft,
    check_draft,
    payload_of,
    private_words,
    stored_number,
    stored_texts,
)
from strongroom.permits.holdings import (
    Exposure,
    exposure_after,
    list_permit,
    lock_lineages,
)
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
from strongroom.vault.versions import (
    ARTIFACTS,
    find_version,
    published,
    resource_of,
)

__all__ = ["DEFAULT_DURATION", "Asked", "RequestDraft", "Requests"]

ACTION = "segment:release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, what it would cost, and the permit if nobody had to agree.

    Attributes:
        told: Who heard that it went past the approvals, if it did.
    """

    request: Request
    exposure: Exposure
    permit: PermitRow | None
    told: Told | None = None


class Requests:
    """Takes requests for segments and issues permits."""

    def __init__(
        self,
        gate: Gate,
        approvals: Approvals,
        *,
        room: RoomId,
        keys: RoomKeys,
        random: Random,
        tell: Tell,
    ) -> None:
        """Wire the shell; permits are issued by the last approval."""
        self._tell = tell
        self._gate = gate
        self._ledger = gate.ledger
        self._approvals = approvals
        self._room = room
        self._keys = keys
        self._manifest_key = keys.manifest.public
        self._permit_key = keys.permit.public
        self._random = random
        approvals.executors[ACTION] = self.issue

    def preview(self, actor: Actor, draft: RequestDraft) -> Exposure:
        """Return what a request would cost, without making it.

        Raises:
            MissingError: There is no such version or segment.
            DeniedError: The actor may not even see the model.
        """
        with self._ledger.reading() as reading:
            chosen = self._select(reading, actor, draft)
            account = ACCOUNTS.get(reading, actor.account)
            return self._exposure(reading, account, chosen, now=reading.now)

    def ask(self, actor: Actor, draft: RequestDraft) -> Asked:
        """Ask for segments; where nobody has to agree, the permit is issued.

        Raises:
            MissingError: There is no such version or segment.
            InputError: The duration or the bytes make no sense.
            DeniedError: It could not be allowed whoever agreed.
        """
        with (
            self._gate.recording_refusals(actor, "request:create", draft.target),
            self._ledger.transaction() as writing,
        ):
            chosen = self._select(writing, actor, draft)
            lineages = lock_lineages(writing, chosen.artifact.roots)
            terms = self._gate.terms.of(chosen.artifact.classification)
            check_draft(draft, terms)
            account = ACCOUNTS.get(writing, actor.account)
            exposure = self._exposure(writing, account, chosen, now=writing.now)
            facts = {
                **wanted_facts(
                    terms,
                    lineages,
                    exposure,
                    chosen,
                    purpose=bool(draft.purpose.strip()),
                ),
                **asked_facts(self._gate.terms, draft),
            }
            account = self._gate.require(
                writing,
                actor,
                "request:create",
                resource_of(chosen.artifact),
                facts,
            )
            request = self._approvals.ask(
                writing,
                actor,
                account,
                ACTION,
                payload_of(draft, chosen),
                terms=asked_terms(terms, draft),
                private=private_words(draft),
            )
            found = PERMITS.find(writing, PERMITS.columns.request == request.id)
        permit = found[0] if found else None
        told = None
        if permit is not None and draft.break_glass is not None:
            told = tell_of(self._ledger, self._tell, actor, permit, chosen.artifact)
        return Asked(request=request, exposure=exposure, permit=permit, told=told)

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
        exposure = self._exposure(writing, account, chosen, now=writing.now)
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
                **issued_facts(self._gate.terms, payload),
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
            record_issued(writing, account, permit, payload, self._gate.terms)

    def _select(
        self, transaction: Writing | Reading, actor: Actor, draft: RequestDraft
    ) -> Selection:
        """Return what is asked for; names are told only to who may see them."""
        artifact, version = find_version(transaction, draft.target)
        self._gate.require(transaction, actor, "model:show", resource_of(artifact))
        return select_from(
            transaction, artifact, version, draft.segments, self._manifest_key
        )

    def _permit(
        self,
        writing: Writing,
        request: Request,
        payload: Mapping[str, canonical.Json],
        chosen: Selection,
        account: Account,
    ) -> Permit:
        lineage = payload["lineage"] is True
        terms = self._gate.terms.of(chosen.artifact.classification)
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
            not_before=request.created_at + terms.wait,
            expires_at=max(writing.now, request.created_at + terms.wait)
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

    def _exposure(
        self,
        transaction: Transaction,
        account: Account,
        chosen: Selection,
        *,
        now: datetime,
    ) -> Exposure:
        return exposure_after(
            transaction,
            account.counts_as,
            chosen.artifact.roots,
            taken=chosen.taken,
            scale=chosen.scale,
            sealed_by=chosen.version.sealed_by,
            now=now,
            key=self._permit_key,
        )
