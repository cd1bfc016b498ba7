"""Wraps everything of a domain under the root key that joins.

A wrap under either root key opens.  Every batch is a commit with an entry, so an
interruption loses at most one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from strongroom.access.gate import Gate
from strongroom.access.people import ROOM
from strongroom.access.sessions import Actor
from strongroom.canonical import Json
from strongroom.crypto.custody.port import KeyCustodian
from strongroom.errors import ConflictError, MissingError
from strongroom.ledger.anchors import Anchors
from strongroom.types import RoomId
from strongroom.vault.handovers import Handovers
from strongroom.vault.recovery_wraps import (
    load_room_keys,
    remove_room_keys,
    room_key_place,
    store_room_keys,
)
from strongroom.vault.rewraps import Wrapped, insert_fresh, lacking, remove_under
from strongroom.vault.roots import ROOT_KEYS, Move, RootState

BATCH = 256
"""Wraps made again in one commit; one entry names them all."""

Progress = Callable[[int], None]
"""Called with the number of keys that were wrapped since the last call."""


class Rewrapping:
    """The steps from one root key of a domain to the next."""

    def __init__(
        self, gate: Gate, anchors: Anchors, *, room: RoomId, batch: int = BATCH
    ) -> None:
        """Wire it; nothing is read yet.

        Args:
            gate: Asks policy.
            anchors: Unwraps, and moves the custodians along.
            room: The installation.
            batch: Wraps made in one commit.
        """
        self._gate = gate
        self._ledger = gate.ledger
        self._handovers = Handovers(self._ledger, anchors)
        self._room = room
        self._batch = batch

    def wrap(
        self,
        actor: Actor,
        move: Move,
        old: KeyCustodian,
        new: KeyCustodian,
        progress: Progress = lambda _: None,
    ) -> int:
        """Wrap under the successor what is not yet; return how many keys.

        Args:
            actor: A key-holder.
            move: From ``under_way``.
            old: Holds the root key that leaves, unlocked.
            new: Holds the one that joins, unlocked.
            progress: Told the keys wrapped since the last call.

        Raises:
            DeniedError: The actor may not manage keys.
            IntegrityError: A wrap was altered, or the successor does not give back
                what it wrapped.
            SetupError: The old custodian gives out no shares, and the new one does
                not hold its root key.
            UnavailableError: A custodian is locked or does not answer.
        """
        _verify_custodians(move, old, new)
        count = self._wrap_room_keys(actor, move, old, new)
        after: Wrapped | None = None
        while True:
            with self._ledger.reading() as reading:
                batch = lacking(
                    reading.connection,
                    move.leaving.id,
                    move.joining.id,
                    after=after,
                    at_most=self._batch,
                )
            if not batch:
                return count
            count += self._wrap_batch(actor, move, batch, old, new)
            progress(len(batch))
            after = batch[-1]

    def end(self, actor: Actor, move: Move) -> int:
        """Delete the wraps under the root key that leaves; return how many.

        Called after ``room.toml`` names the successor.

        Raises:
            DeniedError: The actor may not manage keys.
            ConflictError: Something was sealed meanwhile that only it opens.
        """
        old, new = move.leaving, move.joining
        with self._ledger.transaction() as writing:
            self._gate.require(writing, actor, "key:manage", ROOM)
            # The lock first: whoever seals looks at this row before they commit.
            leaving = ROOT_KEYS.get(writing, old.id, lock=True)
            joining = ROOT_KEYS.get(writing, new.id, lock=True)
            if lacking(writing.connection, old.id, new.id, at_most=1) or (
                load_room_keys(writing.connection, old.id).keys()
                - load_room_keys(writing.connection, new.id).keys()
            ):
                raise ConflictError(
                    f"something was sealed meanwhile with the old key of {old.domain}",
                    hint=f"strongroom key rotate {old.domain}",
                )
            removed = remove_room_keys(writing.connection, old.id)
            removed += remove_under(writing.connection, old.id)
            ROOT_KEYS.replace(writing, leaving, state=RootState.RETIRED)
            ROOT_KEYS.replace(writing, joining, state=RootState.ACTIVE)
            facts: dict[str, Json] = {**_names(move), "removed": removed}
            writing.append(actor.event("rotation.ended", facts))
        return removed

    def _wrap_room_keys(
        self, actor: Actor, move: Move, old: KeyCustodian, new: KeyCustodian
    ) -> int:
        with self._ledger.reading() as reading:
            held = load_room_keys(reading.connection, old.root_key_id)
            there = load_room_keys(reading.connection, new.root_key_id)
        wrapped = {
            name: self._handovers.again(
                old,
                new,
                data,
                room_key_place(self._room, name, old.root_key_id),
                room_key_place(self._room, name, new.root_key_id),
            )
            for name, data in held.items()
            if name not in there
        }
        if wrapped:
            with self._ledger.transaction() as writing:
                self._gate.require(writing, actor, "key:manage", ROOM)
                store_room_keys(writing.connection, new.root_key_id, wrapped)
                facts = {**_names(move), "wraps": [], "room_keys": sorted(wrapped)}
                writing.append(actor.event("rotation.wrapped", facts))
        return len(wrapped)

    def _wrap_batch(
        self,
        actor: Actor,
        move: Move,
        batch: Sequence[Wrapped],
        old: KeyCustodian,
        new: KeyCustodian,
    ) -> int:
        again = self._handovers.to_successor(old, new)
        rows = [
            one.under(new.root_key_id, again(one.held(self._room))) for one in batch
        ]
        with self._ledger.transaction() as writing:
            self._gate.require(writing, actor, "key:manage", ROOM)
            # Somebody may have shredded a segment meanwhile: it stays shredded.
            done = insert_fresh(writing.connection, rows, old.root_key_id)
            if done:
                wraps: list[Json] = [one.name for one in done]
                facts = {**_names(move), "wraps": wraps, "room_keys": []}
                writing.append(actor.event("rotation.wrapped", facts))
        return len(done)


def _verify_custodians(move: Move, old: KeyCustodian, new: KeyCustodian) -> None:
    for root, custodian in ((move.leaving, old), (move.joining, new)):
        if custodian.root_key_id != root.id:
            raise MissingError(
                f"{root.custodian} does not hold {root.id}",
                hint="bring the custodian back that the rotation was begun with",
            )


def _names(move: Move) -> dict[str, Json]:
    return {
        "domain": move.leaving.domain,
        "root": move.leaving.id,
        "successor": move.joining.id,
    }
