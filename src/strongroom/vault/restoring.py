"""Moves what is wrapped to recovery keys under the root keys of new custodians."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import sqlalchemy as sa

from strongroom.canonical import Json
from strongroom.crypto import keys
from strongroom.crypto.recovery import RecoveryKey
from strongroom.crypto.roomkeys import PublicKeys, RoomKeys, are_whole
from strongroom.crypto.signing import VerifyKey
from strongroom.database import tables
from strongroom.database.engine import Transaction
from strongroom.errors import InputError, IntegrityError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Ledger
from strongroom.ledger.recorded import newest_recorded
from strongroom.types import RoomId, Secret
from strongroom.vault.manifest import Manifest
from strongroom.vault.recovery_sets import active_sets
from strongroom.vault.recovery_wraps import (
    Held,
    held_shares,
    load_room_keys,
    place_of,
    remove_other_room_keys,
    remove_wrap,
    room_key_place,
    room_keys_digest,
    sealed_manifests,
    store_room_keys,
)
from strongroom.vault.roots import put_in_place_of_all
from strongroom.vault.seals import CustodyDomain, domain_named

BATCH = 256
"""Shares moved in one commit."""


def room_seeds(
    ledger: Ledger,
    transaction: Transaction,
    recovered: Sequence[RecoveryKey],
    room: RoomId,
) -> dict[str, Secret]:
    """Return the seeds of the room's own keys, as one of the recovery keys has them.

    What the ledger says of these wraps is compared first.

    Raises:
        InputError: They are wrapped to none of the keys.
        IntegrityError: They are not the wraps that the ledger recorded.
    """
    for key in recovered:
        wrapped = load_room_keys(transaction.connection, key.id)
        if not wrapped:
            continue
        if room_keys_digest(wrapped) != _recorded_digest(
            ledger, transaction, key.id
        ) or not are_whole(wrapped):
            raise IntegrityError(
                "the room's own keys are not wrapped as the ledger recorded it",
                hint="somebody wrote to the database: take an older copy",
            )
        return {
            name: key.unwrap(data, room_key_place(room, name, key.id))
            for name, data in wrapped.items()
        }
    raise InputError(
        "the room's own keys are wrapped to none of these recovery keys",
        hint="bring papers of the home domain's set, or a newer copy",
    )


def _recorded_digest(ledger: Ledger, transaction: Transaction, key_id: str) -> Json:
    """Return what the newest entry about wrapping the room's keys says."""
    last = newest_recorded(
        ledger,
        transaction,
        "recovery.wrapped",
        where=lambda facts: facts["key"] == key_id and facts["digest"] is not None,
    )
    return None if last is None else last.facts["digest"]


def verified_keys(seeds: Mapping[str, Secret], pinned: PublicKeys) -> RoomKeys:
    """Return the room's keys if their public halves are the pinned ones.

    Raises:
        IntegrityError: They are not.
    """
    found = RoomKeys.from_seeds(seeds)
    if not pinned.are_held(found.public):
        raise IntegrityError(
            "the restored keys are not those that room.toml pins",
            hint="take room.toml and database from the same copy",
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What a restoration did.

    Attributes:
        moved: Shares under new root keys, also those of an interrupted run.
        lost: Shares that no recovery key opens.
        removed: Wraps of moved shares and keys under former root keys, deleted.
    """

    moved: int
    lost: int
    removed: int


class Restoration:
    """The steps on the database of a room that gets new custodians."""

    def __init__(
        self,
        ledger: Ledger,
        *,
        room: RoomId,
        domains: Mapping[str, CustodyDomain],
        custodians: Mapping[str, str],
        recovered: Sequence[RecoveryKey],
        manifest_key: VerifyKey,
    ) -> None:
        """Wire it.

        Args:
            ledger: Of the copy, with its own keys.
            room: Its id.
            domains: With the new custodians, and the stores.
            custodians: URI of the new custodian of each domain.
            recovered: What the papers restored.
            manifest_key: Verifies manifests.
        """
        self._ledger = ledger
        self._room = room
        self._domains = domains
        self._custodians = custodians
        self._recovered = {key.id: key for key in recovered}
        self._manifest_key = manifest_key

    @property
    def _home(self) -> str:
        return next(iter(self._domains.values())).custodian.root_key_id

    def manifests(self) -> list[Manifest]:
        """Return every version whose seal ended."""
        with self._ledger.reading() as reading:
            return sealed_manifests(reading, self._manifest_key)

    def lost(self, manifests: Sequence[Manifest]) -> list[Held]:
        """Return the shares that neither papers nor new custodians open."""
        known = self._recovered.keys() | self._roots()
        with self._ledger.reading() as reading:
            return [
                held
                for manifest in manifests
                for held in held_shares(reading.connection, manifest)
                if not known & held.wrapped.keys()
            ]

    def begin(self, seeds: Mapping[str, Secret], event: Event) -> None:
        """Wrap the room's own keys for the home custodian, and say who restores."""
        root = self._home
        custodian = next(iter(self._domains.values())).custodian
        with self._ledger.transaction() as writing:
            if load_room_keys(writing.connection, root):
                return
            wrapped = {
                name: custodian.wrap(seed, room_key_place(self._room, name, root))
                for name, seed in seeds.items()
            }
            store_room_keys(writing.connection, root, wrapped)
            writing.append(event)

    def move(self, manifest: Manifest, progress: Callable[[int], None]) -> None:
        """Wrap every share of a version for its new custodian, in batches.

        Raises:
            IntegrityError: A wrap was altered, or yields another key than the
                one that sealed the segment.
        """
        with self._ledger.reading() as reading:
            todo = [
                held
                for held in held_shares(reading.connection, manifest)
                if self._root_of(held) not in held.wrapped
                and self._recovered.keys() & held.wrapped.keys()
            ]
        queue = iter(todo)
        while batch := list(islice(queue, BATCH)):
            rows = [self._moved_row(held) for held in batch]
            with self._ledger.transaction() as writing:
                writing.connection.execute(sa.insert(tables.wraps), rows)
                facts: dict[str, Json] = {
                    **place_of(manifest),
                    "segments": [held.segment.id for held in batch],
                }
                writing.append(Event(kind="recovery.moved", actor=None, facts=facts))
            progress(len(batch))

    def finish(self, manifests: Sequence[Manifest], lost: int) -> Moved:
        """Delete older wraps of what was moved, and record the end.

        What was not moved keeps its wraps: its custodian may turn up again.  Former
        root keys are lost: no rotation goes on with them, and what lies by now where
        their files were is not theirs.
        """
        with self._ledger.transaction() as writing:
            kept = self._roots() | {one.id for one in active_sets(writing)}
            moved, removed = 0, remove_other_room_keys(writing.connection, kept)
            put_in_place_of_all(
                writing,
                {
                    name: (domain.custodian.root_key_id, self._custodians[name])
                    for name, domain in self._domains.items()
                },
            )
            for manifest in manifests:
                for held in held_shares(writing.connection, manifest):
                    if self._root_of(held) in held.wrapped:
                        moved += 1
                        for root in held.wrapped.keys() - kept:
                            remove_wrap(writing.connection, held, root)
                            removed += 1
            writing.append(
                Event(
                    kind="recovery.restored",
                    actor=None,
                    facts={
                        "roots": sorted(self._roots()),
                        "moved": moved,
                        "lost": lost,
                        "removed": removed,
                    },
                )
            )
        return Moved(moved=moved, lost=lost, removed=removed)

    def _roots(self) -> set[str]:
        return {domain.custodian.root_key_id for domain in self._domains.values()}

    def _root_of(self, held: Held) -> str:
        return domain_named(self._domains, held.domain).custodian.root_key_id

    def _moved_row(self, held: Held) -> dict[str, object]:
        key_id = min(self._recovered.keys() & held.wrapped.keys())
        share = self._recovered[key_id].unwrap(
            held.wrapped[key_id], held.context(key_id)
        )
        _verify_share(held, share)
        custodian = domain_named(self._domains, held.domain).custodian
        root = custodian.root_key_id
        return held.row(root, custodian.wrap(share, held.context(root)))


def _verify_share(held: Held, share: Secret) -> None:
    """Check that a share yields the key that sealed its segment.

    Of a segment with several custodians that is known only to whoever has every
    share; its reader checks it then.

    Raises:
        IntegrityError: It yields another key.
    """
    facts = held.segment.facts
    if facts.context.shares == 1:
        part = keys.derive_share_key(share, held.share, facts.salt, facts.context)
        key = keys.derive_key([part], facts.salt, facts.context)
        keys.verify_commitment(key, facts.commitment, facts.salt, facts.context)
