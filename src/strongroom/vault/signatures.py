"""Switches second signatures on and off, and to other keys.

    make keys ──▶ pin them in room.toml ──▶ ask ──▶ entry ──▶ pin the demand

The keys come first and are in use only after the entry, whose own checkpoint carries
both signatures.  An interruption at any point leaves a room that works as before, or
as after.
"""

from __future__ import annotations

from collections.abc import Mapping

from strongroom.access.approvals import Approvals
from strongroom.access.gate import Gate
from strongroom.access.people import ROOM
from strongroom.access.request import REQUESTS, Request, RequestState
from strongroom.access.sessions import Actor
from strongroom.canonical import Json
from strongroom.crypto.custody.port import KeyCustodian
from strongroom.crypto.roomkeys import (
    MOST_SECOND,
    RoomKeys,
    new_second_seeds,
    second_names,
)
from strongroom.crypto.signing import SigningKey
from strongroom.errors import ConflictError, InputError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Writing
from strongroom.ledger.second import (
    BOTH,
    ONE,
    SWITCHED,
    Demand,
    in_force,
    newest_demand,
)
from strongroom.types import Random, RoomId, Secret
from strongroom.vault.recovery_sets import sets_by_domain
from strongroom.vault.recovery_wrapping import wrapped_event
from strongroom.vault.recovery_wraps import (
    load_room_keys,
    room_key_place,
    room_keys_digest,
    store_room_keys,
)
from strongroom.vault.seals import CustodyDomain

ACTION = "signatures:switch"


class Signatures:
    """What key-holders do about second signatures."""

    def __init__(
        self,
        gate: Gate,
        approvals: Approvals,
        *,
        room: RoomId,
        domains: Mapping[str, CustodyDomain],
        keys: RoomKeys,
        random: Random,
    ) -> None:
        """Wire the shell; approved switches are carried out here."""
        self._gate = gate
        self._ledger = gate.ledger
        self._approvals = approvals
        self._room = room
        self._home, self._custodian = _first(domains)
        self._keys = keys
        self._random = random
        approvals.executors[ACTION] = self._switch

    @property
    def are_pinned(self) -> bool:
        """Whether this process has the keys, and ``room.toml`` their public halves."""
        held = self._keys.checkpoint.public.seconds
        return bool(held) and self._ledger.notes.seconds == held

    def demanded(self) -> bool:
        """Return whether the newest entry about it demands two signatures."""
        with self._ledger.reading() as reading:
            return in_force(reading.connection) is not None

    def are_newest(self) -> bool:
        """Return whether the newest entry about it names the newest keys here."""
        with self._ledger.reading() as reading:
            return self._names_newest(newest_demand(reading.connection))

    def prepare(self, actor: Actor, *, successors: bool = False) -> RoomKeys | None:
        """Make second keys unless they are there; nothing is signed with them.

        Args:
            actor: A key-holder.
            successors: Whether to make others when the newest are in use.

        Returns:
            The room's keys with the new ones; ``None`` if those were there.

        Raises:
            DeniedError: The actor may not manage keys.
            InputError: There were as many as there may be.
            ConflictError: Somebody else made them meanwhile.
            UnavailableError: The home custodian does not answer.
        """
        with (
            self._gate.recording_refusals(actor, "key:manage", "room"),
            self._ledger.transaction() as writing,
        ):
            self._gate.require(writing, actor, "key:manage", ROOM)
            root = self._custodian.root_key_id
            held = load_room_keys(writing.connection, root)
            number = len(self._keys.checkpoint.seconds)
            if held.keys() & set(second_names(number + 1).values()):
                return None  # since this process opened the room
            newest = newest_demand(writing.connection)
            if number and not (successors and self._names_newest(newest)):
                return None
            if number == MOST_SECOND:
                raise InputError(
                    f"second keys were made {number} times, as often as may"
                )
            seeds = new_second_seeds(self._random, number + 1)
            wrapped = {
                name: self._custodian.wrap(seed, room_key_place(self._room, name, root))
                for name, seed in seeds.items()
            }
            store_room_keys(writing.connection, root, wrapped)
            made = self._keys.with_second(seeds)
            writing.append(actor.event("signatures.prepared", _names(made)))
            self._wrap_for_recovery(writing, actor, seeds)
        return made

    def propose(self, actor: Actor, *, both: bool) -> Request:
        """Ask for one signature from now on, or for two, by the newest keys.

        Raises:
            DeniedError: The actor may not manage keys.
            InputError: It is so already.
            ConflictError: The second keys are not usable here yet.
        """
        with (
            self._gate.recording_refusals(actor, "key:manage", "room"),
            self._ledger.transaction() as writing,
        ):
            asker = self._gate.require(writing, actor, "key:manage", ROOM)
            self._verify_pinned()
            payload: dict[str, Json] = {
                "algorithms": BOTH if both else ONE,
                **_names(self._keys),
            }
            self._verify_possible(writing, payload)
            return self._approvals.ask(
                writing,
                actor,
                asker,
                ACTION,
                payload,
                terms=self._gate.terms.of_action(ACTION),
            )

    def waiting(self, *, both: bool) -> Request | None:
        """Return the request for this switch that is not decided yet, if any."""
        if not self.are_pinned:
            return None
        columns = REQUESTS.columns
        with self._ledger.reading() as reading:
            found = REQUESTS.find(
                reading,
                columns.action == ACTION,
                columns.state == RequestState.PENDING,
                columns.expires_at > reading.now,
            )
        wanted = BOTH if both else ONE
        names = {"algorithms": wanted, **_names(self._keys)}
        own = [one for one in found if one.payload() == names]
        return own[0] if own else None

    def _wrap_for_recovery(
        self, writing: Writing, actor: Actor, seeds: Mapping[str, Secret]
    ) -> None:
        """Wrap the new keys to the recovery key that has the others."""
        one = sets_by_domain(writing).get(self._home)
        there = load_room_keys(writing.connection, one.id) if one else {}
        if one is None or not there:  # the next ``recovery wrap`` wraps all of them
            return
        wrapped = {
            name: one.wrap(seed, room_key_place(self._room, name, one.id))
            for name, seed in seeds.items()
        }
        store_room_keys(writing.connection, one.id, wrapped)
        digest = room_keys_digest({**there, **wrapped})
        writing.append(wrapped_event(actor, one, None, [], digest))

    def _switch(self, writing: Writing, request: Request) -> None:
        payload = request.payload()
        self._verify_possible(writing, payload)
        writing.append(
            Event(
                kind=SWITCHED,
                actor=request.asker,
                facts={**payload, "request": request.id},
            )
        )

    def _verify_possible(self, writing: Writing, payload: Mapping[str, Json]) -> None:
        """Refuse what is so already, and keys that this process could not use."""
        now = newest_demand(writing.connection)
        wanted = payload["checkpoint"] if payload["algorithms"] == BOTH else None
        if wanted == (now.checkpoint if now is not None and now.both else None):
            raise InputError(f"signatures are {payload['algorithms']} already")
        self._verify_pinned(payload["checkpoint"])

    def _verify_pinned(self, digest: Json = None) -> None:
        newest = self.are_pinned and _newest(self._keys)
        if not newest or digest not in (None, newest):
            raise ConflictError(
                "the room was opened before its second keys were pinned",
                hint="open it again",
            )

    def _names_newest(self, demand: Demand | None) -> bool:
        if demand is None or not self._keys.checkpoint.seconds:
            return False
        return demand.checkpoint == _newest(self._keys)


def _newest(keys: RoomKeys) -> str:
    return keys.checkpoint.require_second().public.digest


def _first(domains: Mapping[str, CustodyDomain]) -> tuple[str, KeyCustodian]:
    name = next(iter(domains))
    return name, domains[name].custodian


def _names(keys: RoomKeys) -> dict[str, Json]:
    """Return what entries name the second keys by."""

    def digest(key: SigningKey) -> str:
        return key.require_second().public.digest

    return {"checkpoint": digest(keys.checkpoint), "manifest": digest(keys.manifest)}
