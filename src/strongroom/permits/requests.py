"""Asking for segments; ``issuing`` issues the permit once everybody agreed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from strongroom.access import glass_signatures
from strongroom.access.accounts import ACCOUNTS, Account
from strongroom.access.approvals import Approvals
from strongroom.access.assertions import parse_assertion
from strongroom.access.ceremonies import Ceremony
from strongroom.access.gate import Gate
from strongroom.access.passkeys import suspending
from strongroom.access.request import Request
from strongroom.access.sessions import Actor
from strongroom.access.telling import Tell, Told
from strongroom.crypto.roomkeys import RoomKeys
from strongroom.database.engine import Transaction
from strongroom.errors import InputError
from strongroom.ledger.log import Reading, Writing
from strongroom.permits.breakglass import (
    asked_facts,
    asked_terms,
    is_past_approvals,
    tell_of,
)
from strongroom.permits.drafts import (
    DEFAULT_DURATION,
    RequestDraft,
    check_draft,
    payload_of,
    private_words,
)
from strongroom.permits.holdings import (
    Exposure,
    exposure_after,
    lock_lineages,
)
from strongroom.permits.issuing import Issuing
from strongroom.permits.permit import PERMITS, PermitRow
from strongroom.permits.selection import Selection, select_from, wanted_facts
from strongroom.types import ArtifactId, Random, RoomId
from strongroom.vault.versions import find_version, resource_of

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
        self._manifest_key = keys.manifest.public
        self._permit_key = keys.permit.public
        issuing = Issuing(gate, room=room, keys=keys, random=random)
        approvals.executors[ACTION] = issuing.issue

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
            request, exposure = self._ask(writing, actor, draft)
            permit = _permit_of(writing, request)
        return self._asked(actor, request, exposure, permit)

    def begin_signed(self, actor: Actor, draft: RequestDraft) -> tuple[Asked, Ceremony]:
        """Ask past the approvals, and have the actor's passkey sign that and why.

        The request waits five minutes for the answer; nothing is issued yet.

        Raises:
            MissingError: There is no such version or segment.
            InputError: The duration or the bytes make no sense, or the draft does not
                go past the approvals.
            DeniedError: It could not be allowed, or the account has no passkey.
            SetupError: The room has no passkeys.
        """
        if draft.break_glass is None:
            raise InputError(
                "a passkey signs why it cannot wait for approvals",
                hint="--break-glass REASON --passkey",
            )
        party = self._gate.require_party()
        with (
            self._gate.recording_refusals(actor, "request:create", draft.target),
            self._ledger.transaction() as writing,
        ):
            request, exposure = self._ask(writing, actor, draft, to_sign=True)
            ceremony = glass_signatures.question(writing, request, party=party)
        return Asked(request=request, exposure=exposure, permit=None), ceremony

    def sign(self, actor: Actor, asked: Asked, answer: str) -> Asked:
        """Issue the permit that goes past the approvals, on its asker's signature.

        Args:
            actor: Who asked.
            asked: From ``begin_signed``.
            answer: ``AuthenticationResponseJSON``.

        Raises:
            InputError: The answer is not understood.
            DeniedError: The signature is for something else, or policy refuses.
            ConflictError: The request is decided, or was not signed in time.
            CounterError: The passkey may have a copy; it is suspended.
        """
        assertion = parse_assertion(answer)
        with (
            self._gate.recording_refusals(actor, "permit:issue", asked.request.id),
            suspending(self._ledger),
            self._ledger.transaction() as writing,
        ):
            request = self._approvals.sign(writing, actor, asked.request.id, assertion)
            permit = _permit_of(writing, request)
        return self._asked(actor, request, asked.exposure, permit)

    def _ask(
        self,
        writing: Writing,
        actor: Actor,
        draft: RequestDraft,
        *,
        to_sign: bool = False,
    ) -> tuple[Request, Exposure]:
        chosen = self._select(writing, actor, draft)
        lineages = lock_lineages(writing, chosen.artifact.roots)
        terms = self._gate.terms.of(chosen.artifact.classification)
        check_draft(draft, terms)
        account = ACCOUNTS.get(writing, actor.account)
        exposure = self._exposure(writing, account, chosen, now=writing.now)
        purpose = bool(draft.purpose.strip())
        facts = {
            **wanted_facts(terms, lineages, exposure, chosen, purpose=purpose),
            **asked_facts(self._gate.terms, draft),
        }
        account = self._gate.require(
            writing, actor, "request:create", resource_of(chosen.artifact), facts
        )
        request = self._approvals.ask(
            writing,
            actor,
            account,
            ACTION,
            payload_of(draft, chosen),
            terms=asked_terms(terms, draft),
            private=private_words(draft),
            to_sign=to_sign,
        )
        return request, exposure

    def _asked(
        self,
        actor: Actor,
        request: Request,
        exposure: Exposure,
        permit: PermitRow | None,
    ) -> Asked:
        """Tell people of what was issued past the approvals; after the commit."""
        told = None
        payload = request.payload()
        if permit is not None and is_past_approvals(payload):
            model = ArtifactId(str(payload["artifact"]))
            told = tell_of(self._ledger, self._tell, actor, permit, model)
        return Asked(request=request, exposure=exposure, permit=permit, told=told)

    def _select(
        self, transaction: Writing | Reading, actor: Actor, draft: RequestDraft
    ) -> Selection:
        """Return what is asked for; names are told only to who may see them."""
        artifact, version = find_version(transaction, draft.target)
        self._gate.require(transaction, actor, "model:show", resource_of(artifact))
        return select_from(
            transaction, artifact, version, draft.segments, self._manifest_key
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


def _permit_of(writing: Writing, request: Request) -> PermitRow | None:
    found = PERMITS.find(writing, PERMITS.columns.request == request.id)
    return found[0] if found else None
