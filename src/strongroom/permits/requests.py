"""Asking for segments, and issuing the permit once everybody agreed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from strongroom import canonical
from strongroom.access.accounts import ACCOUNTS, Account
from strongroom.access.approvals import Approvals
from strongroom.access.footprints import Footprint
from strongroom.access.gate import Gate
from strongroom.access.quorum import Approved, Pending
from strongroom.access.request import Request, tally
from strongroom.access.sessions import Actor
from strongroom.access.terms import Terms
from strongroom.crypto.roomkeys import RoomKeys
from strongroom.crypto.signing import VerifyKey
from strongroom.database.engine import Transaction
from strongroom.database.times import format_time
from strongroom.errors import InputError, IntegrityError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.permits.holdings import (
    Exposure,
    exposure_after,
    load_footprints,
    lock_lineages,
)
from strongroom.permits.permit import (
    PERMITS,
    PURPOSE,
    Permit,
    PermitRow,
    PermitState,
)
from strongroom.types import PermitId, Random, RoomId, new_id
from strongroom.vault.manifest import Manifest, ManifestSegment
from strongroom.vault.versions import (
    ARTIFACTS,
    Artifact,
    Lineage,
    Version,
    find_version,
    load_manifest,
    published,
    resource_of,
)

ACTION = "segment:release"
DEFAULT_DURATION = timedelta(hours=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a person asks for.

    Attributes:
        target: ``NAME``, ``NAME@3`` or ``NAME@prod``.
        segments: Names of segments; empty for all of them.
        purpose: What for, in words.
        ticket: Where more is written about it.
        duration: How long the permit is to last, from when it is issued.
        lineage: Whether it is to cover every version of the lineage.
        at_most_bytes: Of plaintext; all of the segments if ``None``.
    """

    target: str
    segments: tuple[str, ...] = ()
    purpose: str = ""
    ticket: str = ""
    duration: timedelta = DEFAULT_DURATION
    lineage: bool = False
    at_most_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, what it would cost, and the permit if nobody had to agree."""

    request: Request
    exposure: Exposure
    permit: PermitRow | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Segments of one version and what holding them means.

    Attributes:
        taken: Footprints of the segments, by digest.
        everything: Footprints of all segments of the version.
    """

    artifact: Artifact
    version: Version
    manifest: Manifest
    segments: tuple[ManifestSegment, ...]
    taken: Mapping[str, Footprint]
    everything: Mapping[str, Footprint]

    @property
    def plain_bytes(self) -> int:
        """Bytes of plaintext in the segments."""
        return sum(footprint.bytes for footprint in self.taken.values())


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
    ) -> None:
        """Wire the shell; permits are issued by the last approval."""
        self._gate = gate
        self._ledger = gate.ledger
        self._approvals = approvals
        self._room = room
        self._keys = keys
        self._manifest_key = keys.manifest.public
        self._permit_key = keys.permit.public
        self._random = random
        approvals.executors[ACTION] = self.issue

    def preview(self, actor: Actor, wish: Wish) -> Exposure:
        """Return what a request would cost, without making it.

        Raises:
            MissingError: There is no such version or segment.
        """
        with self._ledger.reading() as reading:
            account = ACCOUNTS.get(reading, actor.account)
            chosen = select(reading, wish.target, wish.segments, self._manifest_key)
            return self._exposure(reading, account, chosen, now=reading.now)

    def ask(self, actor: Actor, wish: Wish) -> Asked:
        """Ask for segments; where nobody has to agree, the permit is issued.

        Raises:
            MissingError: There is no such version or segment.
            InputError: The duration or the bytes make no sense.
            DeniedError: It could not be allowed whoever agreed.
        """
        with (
            self._gate.recording_refusals(actor, "request:create", wish.target),
            self._ledger.transaction() as writing,
        ):
            chosen = select(writing, wish.target, wish.segments, self._manifest_key)
            lineages = lock_lineages(writing, chosen.artifact.roots)
            terms = self._gate.terms.of(chosen.artifact.classification)
            _check(wish, terms, chosen)
            account = ACCOUNTS.get(writing, actor.account)
            exposure = self._exposure(writing, account, chosen, now=writing.now)
            facts = wanted_facts(
                terms, lineages, exposure, chosen, purpose=bool(wish.purpose.strip())
            )
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
                _body(wish, chosen),
                terms=terms,
                private=_private(wish),
            )
            found = PERMITS.find(writing, PERMITS.columns.request == request.id)
        return Asked(
            request=request, exposure=exposure, permit=found[0] if found else None
        )

    def issue(self, writing: Writing, request: Request) -> None:
        """Issue the permit that a request asked for; reserves its bytes.

        Raises:
            DeniedError: The asker may no longer have it, or a cap is reached.
            MissingError: The version is gone.
        """
        wish = request.wish()
        artifact = ARTIFACTS.get(writing, str(wish["artifact"]))
        version = published(writing, artifact, _number(wish["version"]))
        chosen = select_from(
            writing,
            artifact,
            version,
            _texts(wish["segments"]),
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
                    terms, lineages, exposure, chosen, purpose=wish["purpose"] is True
                ),
                **approval_facts(writing, request, now=writing.now),
                "requestedAt": request.created_at,
                "ledgerHealthy": True,
            },
        )
        permit = self._permit(writing, request, wish, chosen, account)
        PERMITS.insert(writing, self._row(permit))
        writing.append(_issued(permit, exposure))

    def _permit(
        self,
        writing: Writing,
        request: Request,
        wish: Mapping[str, canonical.Json],
        chosen: Selection,
        account: Account,
    ) -> Permit:
        lineage = wish["lineage"] is True
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
            at_most_bytes=_number(wish["bytes"]),
            purpose_stated=wish["purpose"] is True,
            requested_at=request.created_at,
            not_before=request.created_at + terms.wait,
            expires_at=max(writing.now, request.created_at + terms.wait)
            + timedelta(seconds=_number(wish["seconds"])),
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
            everything=chosen.everything,
            now=now,
            key=self._permit_key,
        )


def select(
    transaction: Transaction, target: str, names: tuple[str, ...], key: VerifyKey
) -> Selection:
    """Return these segments of the version that ``target`` names; all if none.

    Raises:
        MissingError: There is no such version or segment.
    """
    artifact, version = find_version(transaction, target)
    return select_from(transaction, artifact, version, names, key)


def select_from(
    transaction: Transaction,
    artifact: Artifact,
    version: Version,
    names: tuple[str, ...],
    key: VerifyKey,
) -> Selection:
    """Return these segments of a version, with their footprints; all if none."""
    manifest, _ = load_manifest(transaction, version, key)
    segments = manifest.select(names) if names else manifest.segments
    everything = load_footprints(transaction, {s.footprint for s in manifest.segments})
    return Selection(
        artifact=artifact,
        version=version,
        manifest=manifest,
        segments=segments,
        taken={s.footprint: everything[s.footprint] for s in segments},
        everything=everything,
    )


def wanted_facts(
    terms: Terms,
    lineages: tuple[Lineage, ...],
    exposure: Exposure,
    chosen: Selection,
    *,
    purpose: bool,
) -> dict[str, object]:
    """Return what policy reads about anybody who wants weights."""
    total = chosen.manifest.plain_bytes
    facts = terms.release_facts(total)
    for name, percents in (
        ("personCapBytes", [x.person_cap_percent for x in lineages]),
        ("pairCapBytes", [x.pair_cap_percent for x in lineages]),
    ):
        stated = [percent for percent in percents if percent is not None]
        if stated:
            facts[name] = total * min(stated) // 100
    return {
        **facts,
        "purposeStated": purpose,
        "personBytesAfter": exposure.after,
        "pairBytesAfter": exposure.pair_after,
        "whole": exposure.whole,
        "sealer": exposure.sealer,
    }


def approval_facts(
    transaction: Transaction, request: Request, *, now: datetime
) -> dict[str, object]:
    """Return how many verified approvals of a request count at ``now``."""
    found = tally(transaction, request, now=now)
    if isinstance(found, Approved | Pending):
        return {"approvals": len(found.by), "approverTeams": found.teams}
    return {"approvals": 0, "approverTeams": 0}


def _check(wish: Wish, terms: Terms, chosen: Selection) -> None:
    if not timedelta(0) < wish.duration <= terms.max_duration:
        raise InputError(
            f"a permit of this class lasts up to {terms.max_duration},"
            f" not {wish.duration}",
            hint="--for 4h",
        )
    if wish.at_most_bytes is not None and wish.at_most_bytes < 1:
        raise InputError("a permit for less than one byte opens nothing")
    if not chosen.segments:
        raise InputError("no segment is named", hint="--segment NAME")


def _body(wish: Wish, chosen: Selection) -> dict[str, canonical.Json]:
    return {
        "artifact": chosen.artifact.id,
        "version": chosen.version.number,
        "manifest": chosen.manifest.digest,
        "segments": [s.name for s in chosen.segments],
        "lineage": wish.lineage,
        "seconds": int(wish.duration.total_seconds()),
        "bytes": wish.at_most_bytes or chosen.plain_bytes,
        "purpose": bool(wish.purpose.strip()),
        "words": _private(wish),
    }


def _private(wish: Wish) -> dict[str, str]:
    words = {"purpose": wish.purpose.strip(), "ticket": wish.ticket.strip()}
    return {key: text for key, text in words.items() if text}


def _issued(permit: Permit, exposure: Exposure) -> Event:
    return Event(
        kind="permit.issued",
        actor=permit.account,
        facts={
            "permit": permit.id,
            "request": permit.request,
            "account": permit.account,
            "roots": list(permit.roots),
            "artifact": permit.artifact,
            "version": permit.version,
            "segments": list(permit.segment_ids or permit.segments),
            "lineage": permit.version is None,
            "bytes": permit.at_most_bytes,
            "not_before": format_time(permit.not_before),
            "expires": format_time(permit.expires_at),
            "policy": permit.policy,
            "reserved": exposure.after - exposure.before,
        },
    )


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise IntegrityError("a request holds something else than a number")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise IntegrityError("a request holds something else than a list")
    return tuple(value)
