"""Wraps to recovery keys what was sealed before they were in force.

Each version is a commit of its own, or several, so that an interruption loses at
most one batch and the next run goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import islice

import sqlalchemy as sa

from strongroom.access.gate import Gate
from strongroom.access.people import ROOM
from strongroom.access.sessions import Actor
from strongroom.canonical import Json
from strongroom.crypto.signing import VerifyKey
from strongroom.database import tables
from strongroom.errors import (
    ConflictError,
    DeniedError,
    StrongroomError,
    UnavailableError,
)
from strongroom.ledger.anchors import Anchors
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.types import RoomId
from strongroom.vault.handovers import Handovers
from strongroom.vault.manifest import Manifest
from strongroom.vault.recovery_sets import (
    RECOVERY_SETS,
    RecoverySet,
    active_sets,
    sets_by_domain,
    verify_apart,
)
from strongroom.vault.recovery_wraps import (
    Held,
    held_shares,
    load_room_keys,
    place_of,
    remove_room_keys,
    remove_wrap,
    room_key_place,
    room_keys_digest,
    sealed_manifests,
    still_held,
    store_room_keys,
)
from strongroom.vault.seals import CustodyDomain, domain_named

BATCH = 256
"""Shares wrapped in one commit: about 0.1 s of ML-KEM, and 300 kB of rows."""

Progress = Callable[[int], None]
"""Called with the number of shares that were wrapped since the last call."""


class RecoveryWrapping:
    """One pass over everything that lacks a recovery wrap."""

    def __init__(
        self,
        gate: Gate,
        anchors: Anchors,
        *,
        room: RoomId,
        domains: Mapping[str, CustodyDomain],
        manifest_key: VerifyKey,
    ) -> None:
        """Wire it; nothing is read yet."""
        self._gate = gate
        self._ledger = gate.ledger
        self._anchors = anchors
        self._handovers = Handovers(self._ledger, anchors)
        self._room = room
        self._domains = domains
        self._home = next(iter(domains))
        self._manifest_key = manifest_key

    def run(self, actor: Actor, progress: Progress = lambda _: None) -> int:
        """Wrap what is not wrapped to the sets in force; return how many secrets.

        Every version is a commit of its own or several; after an interruption
        the next call goes on.  What is wrapped to another set than the one in
        force is deleted, version by version.

        A custodian that gives no shares wraps them itself, if its operator told it
        to trust the set.  One that was not told, or is away, is passed over, named
        when all the rest is done, and counted by ``Recovery.sets``.

        Args:
            actor: A key-holder.
            progress: Told the shares wrapped since the last call.

        Raises:
            DeniedError: The actor may not manage keys, or a custodian elsewhere does
                not trust a set.
            ConflictError: A set would stand in for two custodians of a segment.
            UnavailableError: A custodian is locked or does not answer.
        """
        with self._gate.reading(actor, "key:manage", "room") as reading:
            manifests = sealed_manifests(reading, self._manifest_key)
        count = self._wrap_room_keys(actor)
        refused: dict[str, StrongroomError] = {}
        for manifest in manifests:
            count += self._wrap_version(actor, manifest, progress, refused)
            self._remove_stale(actor, manifest)
        self._remove_stale_room_keys(actor)
        for error in refused.values():
            raise error
        return count

    def _wrap_room_keys(self, actor: Actor) -> int:
        custodian = self._domains[self._home].custodian
        with self._ledger.reading() as reading:
            one = sets_by_domain(reading).get(self._home)
            held = load_room_keys(reading.connection, custodian.root_key_id)
            if one is None:
                return 0
            there = load_room_keys(reading.connection, one.id)
        wrapped = {}
        for name, data in held.items():
            if name in there:
                continue
            place = room_key_place(self._room, name, custodian.root_key_id)
            seed = self._anchors.unwrap(custodian, data, place)
            wrapped[name] = one.wrap(seed, room_key_place(self._room, name, one.id))
        if not wrapped:
            return 0
        with self._ledger.transaction() as writing:
            self._gate.require(writing, actor, "key:manage", ROOM)
            _verify_in_force(writing, [one])
            store_room_keys(writing.connection, one.id, wrapped)
            digest = room_keys_digest({**there, **wrapped})
            writing.append(wrapped_event(actor, one, None, [], digest))
        return len(wrapped)

    def _wrap_version(
        self,
        actor: Actor,
        manifest: Manifest,
        progress: Progress,
        refused: dict[str, StrongroomError],
    ) -> int:
        """Wrap one version; ``refused`` gets the domains that are passed over."""
        with self._ledger.reading() as reading:
            sets = sets_by_domain(reading)
            shares = held_shares(reading.connection, manifest)
        _verify_apart(shares, sets)
        todo: dict[str, list[Held]] = {}
        for held in shares:
            one = sets.get(held.domain)
            if one is not None and one.id not in held.wrapped:
                todo.setdefault(held.domain, []).append(held)
        count = 0
        for domain, lacking in todo.items():
            if domain in refused:
                continue
            queue = iter(lacking)
            try:
                while batch := list(islice(queue, BATCH)):
                    count += self._wrap_batch(actor, manifest, batch, sets[domain])
                    progress(len(batch))
            except (DeniedError, UnavailableError) as error:
                if domain_named(self._domains, domain).custodian.gives_shares:
                    raise
                refused[domain] = error
        return count

    def _wrap_batch(
        self, actor: Actor, manifest: Manifest, batch: Sequence[Held], one: RecoverySet
    ) -> int:
        """Wrap shares of one domain in one commit; return how many."""
        custodian = domain_named(self._domains, batch[0].domain).custodian
        root = custodian.root_key_id
        wrap = self._handovers.to_recovery(custodian, one)
        rows = {
            (held.segment.id, held.share, one.id): held.row(one.id, wrap(held))
            for held in batch
        }
        with self._ledger.transaction() as writing:
            self._gate.require(writing, actor, "key:manage", ROOM)
            _verify_in_force(writing, [one])
            # Somebody may have shredded a segment, or wrapped it, meanwhile.
            there = still_held(writing.connection, manifest, {root, one.id})
            fresh = [
                row
                for key, row in rows.items()
                if key not in there and (*key[:2], root) in there
            ]
            if fresh:
                writing.connection.execute(sa.insert(tables.wraps), fresh)
                own = [row["segment"] for row in fresh]
                writing.append(wrapped_event(actor, one, manifest, own, None))
        return len(fresh)

    def _remove_stale(self, actor: Actor, manifest: Manifest) -> None:
        """Delete wraps to sets that lost a domain, once the set in force has them."""
        with self._ledger.transaction() as writing:
            self._gate.require(writing, actor, "key:manage", ROOM)
            every = {one.id for one in RECOVERY_SETS.find(writing)}
            sets = sets_by_domain(writing)
            removed: Counter[str] = Counter()
            for held in held_shares(writing.connection, manifest):
                one = sets.get(held.domain)
                if one is not None and one.id in held.wrapped:
                    for key_id in every & held.wrapped.keys() - {one.id}:
                        remove_wrap(writing.connection, held, key_id)
                        removed[key_id] += 1
            _record_removed(writing, actor, removed)

    def _remove_stale_room_keys(self, actor: Actor) -> None:
        with self._ledger.transaction() as writing:
            self._gate.require(writing, actor, "key:manage", ROOM)
            one = sets_by_domain(writing).get(self._home)
            if one is None or not load_room_keys(writing.connection, one.id):
                return
            removed = Counter(
                {
                    former.id: remove_room_keys(writing.connection, former.id)
                    for former in RECOVERY_SETS.find(writing)
                    if former.id != one.id
                }
            )
            _record_removed(writing, actor, removed)


def _verify_apart(shares: Sequence[Held], sets: Mapping[str, RecoverySet]) -> None:
    """Check every segment with several shares; see ``verify_apart``.

    Raises:
        ConflictError: A set would stand in for two of its custodians.
    """
    domains: dict[str, list[str]] = {}
    for held in shares:
        domains.setdefault(held.segment.name, []).append(held.domain)
    for name, found in domains.items():
        verify_apart(name, found, sets)


def _record_removed(writing: Writing, actor: Actor, removed: Counter[str]) -> None:
    for key_id, count in sorted(removed.items()):
        if count:
            facts: dict[str, Json] = {"key": key_id, "wraps": count}
            writing.append(actor.event("recovery.removed", facts))


def _verify_in_force(writing: Writing, sets: Collection[RecoverySet]) -> None:
    """Refuse to wrap to a set that was replaced meanwhile.

    Raises:
        ConflictError: One was.
    """
    active = {one.id for one in active_sets(writing, lock=True)}
    for one in sets:
        if one.id not in active:
            raise ConflictError(
                f"recovery set {one.set_id} was replaced meanwhile",
                hint="strongroom recovery wrap",
            )


def wrapped_event(
    actor: Actor,
    one: RecoverySet,
    manifest: Manifest | None,
    segments: list[str],
    digest: str | None,
) -> Event:
    """Return the entry for wrapped shares of a version, or for the room's keys."""
    place = (
        place_of(manifest)
        if manifest
        else dict.fromkeys(("artifact", "version", "generation"))
    )
    return actor.event(
        "recovery.wrapped",
        {"key": one.id, **place, "segments": segments, "digest": digest},
    )
