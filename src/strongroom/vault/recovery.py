"""Puts recovery keys in force.

Whoever holds enough papers of every set, with copies of database and store, has
everything, and no ledger notices.  So a new set is asked for by a key-holder and,
where there is a second team, approved by it; the papers are out by then, and are
worth nothing until that approval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from strongroom.access.approvals import Approvals
from strongroom.access.gate import Gate
from strongroom.access.people import ROOM
from strongroom.access.request import Request
from strongroom.access.sessions import Actor
from strongroom.canonical import Json
from strongroom.crypto.recovery import recovery_key_id
from strongroom.crypto.signing import VerifyKey
from strongroom.crypto.slip39 import MOST_SHARES, SET_IDS
from strongroom.errors import InputError, IntegrityError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Reading, Writing
from strongroom.ledger.recorded import newest_recorded
from strongroom.vault.recovery_sets import (
    RECOVERY_SETS,
    RecoverySet,
    RecoveryState,
    active_sets,
)
from strongroom.vault.recovery_wraps import (
    Held,
    held_shares,
    load_room_keys,
    sealed_manifests,
)
from strongroom.vault.seals import CustodyDomain

CREATE = "recovery:create"


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """How much of a room a set could restore now.

    Attributes:
        wrapped: Shares and keys of the room that are wrapped to it.
        total: Those that should be.
    """

    set: RecoverySet
    wrapped: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """When papers were last tried, and whether they restored the room."""

    at: datetime
    passed: bool


class Recovery:
    """What key-holders do so that a room survives its custodians."""

    def __init__(
        self,
        gate: Gate,
        approvals: Approvals,
        *,
        domains: Mapping[str, CustodyDomain],
        manifest_key: VerifyKey,
    ) -> None:
        """Wire the shell; approved sets are put in force here."""
        self._gate = gate
        self._ledger = gate.ledger
        self._approvals = approvals
        self._domains = domains
        self._home = next(iter(domains))
        self._manifest_key = manifest_key
        approvals.executors[CREATE] = self._put_in_force

    def last_drill(self, actor: Actor) -> Drill | None:
        """Return the newest drill, if there ever was one.

        Raises:
            DeniedError: The actor may not manage keys.
            IntegrityError: What stands there as the newest drill is not in the tree.
        """
        with self._gate.reading(actor, "key:manage", "room") as reading:
            last = newest_recorded(self._ledger, reading, "recovery.drilled")
        if last is None:
            return None
        return Drill(at=last.at, passed=last.facts["passed"] is True)

    def verify_allowed(self, actor: Actor, domains: Sequence[str]) -> None:
        """Check that the actor may ask for such a key, before papers are made.

        Raises:
            InputError: There is no such domain, or one is named twice.
            DeniedError: The actor may not ask for it.
        """
        with self._gate.reading(actor, "key:manage", "room") as reading:
            self._replaced(active_sets(reading), domains)

    def propose(
        self,
        actor: Actor,
        *,
        public: bytes,
        domains: Sequence[str],
        set_id: int,
        shares: int,
        threshold: int,
    ) -> Request:
        """Ask for a recovery key whose papers have been handed out.

        Args:
            actor: A key-holder.
            public: The 1216 bytes of the key's public half.
            domains: Whose shares it opens; former sets lose these domains.
            set_id: Number of the set on its papers.
            shares: How many papers there are.
            threshold: How many restore the key.

        Raises:
            InputError: There is no such domain, or one is named twice.
            DeniedError: The actor may not ask for it.
        """
        if not (1 <= threshold <= shares <= MOST_SHARES and 0 <= set_id < SET_IDS):
            raise InputError(f"a set of {threshold} of {shares} papers cannot be")
        with (
            self._gate.recording_refusals(actor, "key:manage", "room"),
            self._ledger.transaction() as writing,
        ):
            asker = self._gate.require(writing, actor, "key:manage", ROOM)
            self._replaced(active_sets(writing, lock=True), domains)
            payload: dict[str, Json] = {
                "key": recovery_key_id(public),
                "public": public.hex(),
                "domains": list(domains),
                "set": set_id,
                "shares": shares,
                "threshold": threshold,
            }
            return self._approvals.ask(
                writing,
                actor,
                asker,
                CREATE,
                payload,
                terms=self._gate.terms.of_action(CREATE),
            )

    def sets(self, actor: Actor) -> list[Covered]:
        """Return every set in force and how much is wrapped to it.

        Raises:
            DeniedError: The actor may not manage keys.
            IntegrityError: A set or a manifest was altered.
        """
        with self._gate.reading(actor, "key:manage", "room") as reading:
            sets = active_sets(reading)
            every = [
                held
                for manifest in sealed_manifests(reading, self._manifest_key)
                for held in held_shares(reading.connection, manifest)
            ]
            return [self._covered(reading, one, every) for one in sets]

    def _put_in_force(self, writing: Writing, request: Request) -> None:
        payload = request.payload()
        try:
            one = _set_of(writing, payload)
        except (KeyError, ValueError, TypeError):
            raise IntegrityError(
                f"{request.id} does not ask for a recovery key"
            ) from None
        for former in self._replaced(active_sets(writing, lock=True), one.domains):
            left = tuple(name for name in former.domains if name not in one.domains)
            RECOVERY_SETS.replace(
                writing,
                former,
                domains=left,
                state=RecoveryState.ACTIVE if left else RecoveryState.RETIRED,
            )
        RECOVERY_SETS.insert(writing, one)
        writing.append(
            Event(
                kind="recovery.created",
                actor=request.asker,
                facts={
                    "key": one.id,
                    "public": one.public.hex(),
                    "domains": list(one.domains),
                    "set": one.set_id,
                    "shares": one.shares,
                    "threshold": one.threshold,
                    "request": request.id,
                },
            )
        )

    def _replaced(
        self, active: Sequence[RecoverySet], domains: Sequence[str]
    ) -> list[RecoverySet]:
        """Return the sets from which one for ``domains`` takes some or all.

        Raises:
            InputError: There is no such domain, or one is named twice.
        """
        if not domains or len(set(domains)) != len(domains):
            raise InputError("a recovery key is for one or more custody domains")
        for name in domains:
            if name not in self._domains:
                raise InputError(
                    f"the room has no custody domain {name[:40]!r}",
                    hint="its domains: " + ", ".join(self._domains),
                )
        return [one for one in active if {*one.domains} & {*domains}]

    def _covered(
        self, reading: Reading, one: RecoverySet, every: list[Held]
    ) -> Covered:
        own = [held for held in every if held.domain in one.domains]
        wrapped, total = sum(one.id in held.wrapped for held in own), len(own)
        if self._home in one.domains:
            wrapped += len(load_room_keys(reading.connection, one.id))
            home = self._domains[self._home].custodian.root_key_id
            total += len(load_room_keys(reading.connection, home))
        return Covered(set=one, wrapped=wrapped, total=total)


def _set_of(writing: Writing, payload: Mapping[str, Json]) -> RecoverySet:
    """Return the set that was asked for.

    Raises:
        ValueError: The payload is of another form; ``KeyError`` and ``TypeError``
            likewise.
    """
    public, domains = bytes.fromhex(str(payload["public"])), payload["domains"]
    numbers = (payload["set"], payload["shares"], payload["threshold"])
    set_id, shares, threshold = (int(str(number)) for number in numbers)
    if not isinstance(domains, list) or payload["key"] != recovery_key_id(public):
        raise ValueError
    return RecoverySet(
        id=recovery_key_id(public),
        public=public,
        domains=tuple(str(domain) for domain in domains),
        set_id=set_id,
        shares=shares,
        threshold=threshold,
        state=RecoveryState.ACTIVE,
        created_at=writing.now,
    )
