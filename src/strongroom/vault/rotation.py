"""Gives a custody domain another root key, while everything stays readable.

    ask ──▶ wrap again, batch by batch ──▶ switch room.toml ──▶ delete old wraps

Every batch is a commit with an entry.  A wrap under either root key opens until the
last step, so an interruption at any point loses at most one batch.

A new root key does not remedy a leaked one: who has that one and an old copy of the
wraps opens them.  Re-keying does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from strongroom.access.approvals import Approvals
from strongroom.access.gate import Gate
from strongroom.access.people import ROOM
from strongroom.access.request import REQUESTS, Request, RequestState
from strongroom.access.sessions import Actor
from strongroom.canonical import Json
from strongroom.database import tables
from strongroom.errors import ConflictError, InputError, IntegrityError
from strongroom.ledger.events import Event
from strongroom.ledger.log import Reading, Writing
from strongroom.vault.roots import ROOT_KEYS, Move, RootKey, RootState, roots_of
from strongroom.vault.seals import CustodyDomain

ACTION = "key:rotate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A root key and what holds it, as ``room.toml`` would name it."""

    root_key_id: str
    custodian: str
    file: str = ""


class Rotation:
    """What key-holders do to the root key of a domain."""

    def __init__(
        self,
        gate: Gate,
        approvals: Approvals,
        *,
        domains: Mapping[str, CustodyDomain],
    ) -> None:
        """Wire the shell; approved rotations are begun here."""
        self._gate = gate
        self._ledger = gate.ledger
        self._approvals = approvals
        self._domains = domains
        approvals.executors[ACTION] = self._begin

    def verify_allowed(self, actor: Actor, domain: str) -> None:
        """Check that the actor may ask for it, before a root key is made.

        Raises:
            InputError: There is no such domain.
            DeniedError: The actor may not manage keys.
        """
        self._verify_domain(domain)
        with self._gate.reading(actor, "key:manage", "room"):
            pass  # being let in is the answer

    def under_way(self, domain: str) -> Move | None:
        """Return the rotation of a domain that was agreed on and has not ended."""
        with self._ledger.reading() as reading:
            found = roots_of(reading, domain, RootState.JOINING, RootState.LEAVING)
        by_state = {root.state: root for root in found}
        if len(by_state) < 2:  # noqa: PLR2004  one leaves, one joins
            return None
        return Move(
            leaving=by_state[RootState.LEAVING], joining=by_state[RootState.JOINING]
        )

    def waiting(self, domain: str) -> Request | None:
        """Return the request for a rotation of a domain that is not decided yet."""
        with self._ledger.reading() as reading:
            return _waiting(reading, domain)

    def propose(
        self, actor: Actor, domain: str, *, leaving: Place, joining: Place
    ) -> Request:
        """Ask for another root key of a domain; nothing is wrapped to it yet.

        Args:
            actor: A key-holder.
            domain: Whose.
            leaving: The one in use.
            joining: The one that was made.

        Raises:
            InputError: There is no such domain, or both are the same.
            DeniedError: The actor may not ask for it.
            ConflictError: A rotation of the domain is under way, or waits.
        """
        self._verify_domain(domain)
        if leaving.root_key_id == joining.root_key_id:
            raise InputError(f"{domain} has this root key already")
        payload: dict[str, Json] = {
            "domain": domain,
            "leaving": _document(leaving),
            "joining": _document(joining),
        }
        with (
            self._gate.recording_refusals(actor, "key:manage", "room"),
            self._ledger.transaction() as writing,
        ):
            asker = self._gate.require(writing, actor, "key:manage", ROOM)
            _verify_free(writing, domain, joining)
            return self._approvals.ask(
                writing,
                actor,
                asker,
                ACTION,
                payload,
                terms=self._gate.terms.of_action(ACTION),
            )

    def retired(self, actor: Actor, domain: str) -> list[RootKey]:
        """Return the root keys of a domain that wrap nothing any more.

        Raises:
            InputError: There is no such domain.
            DeniedError: The actor may not manage keys.
        """
        self.verify_allowed(actor, domain)
        with self._ledger.reading() as reading:
            return roots_of(reading, domain, RootState.RETIRED)

    def said_destroyed(self, actor: Actor, domain: str) -> list[RootKey]:
        """Return the root keys of a domain that were recorded as destroyed.

        Raises:
            InputError: There is no such domain.
            DeniedError: The actor may not manage keys.
        """
        self.verify_allowed(actor, domain)
        with self._ledger.reading() as reading:
            return roots_of(reading, domain, RootState.DESTROYED)

    def record_destroyed(self, actor: Actor, root: RootKey) -> None:
        """Say that a retired root key is about to be deleted.

        Raises:
            DeniedError: The actor may not manage keys.
            ConflictError: Somebody said so before.
        """
        with self._ledger.transaction() as writing:
            self._gate.require(writing, actor, "key:manage", ROOM)
            ROOT_KEYS.replace(writing, root, state=RootState.DESTROYED)
            facts: dict[str, Json] = {"domain": root.domain, "root": root.id}
            writing.append(actor.event("root.destroyed", facts))

    def record_passphrase(self, actor: Actor, domain: str) -> None:
        """Say that the passphrase of a domain's custodian is about to be changed.

        Raises:
            InputError: There is no such domain.
            DeniedError: The actor may not manage keys.
        """
        self._verify_domain(domain)
        root = self._domains[domain].custodian.root_key_id
        facts: dict[str, Json] = {"domain": domain, "root": root}
        with (
            self._gate.recording_refusals(actor, "key:manage", "room"),
            self._ledger.transaction() as writing,
        ):
            self._gate.require(writing, actor, "key:manage", ROOM)
            writing.append(actor.event("passphrase.changed", facts))

    def _begin(self, writing: Writing, request: Request) -> None:
        payload = request.payload()
        domain = str(payload["domain"])
        old, new = _place(payload["leaving"]), _place(payload["joining"])
        _verify_free(writing, domain, new)
        active = roots_of(writing, domain, RootState.ACTIVE, lock=True)
        if any(root.id != old.root_key_id for root in active):
            raise ConflictError(f"{domain} has another root key by now")
        for root in active:
            ROOT_KEYS.replace(writing, root, state=RootState.LEAVING)
        fresh = [(new, RootState.JOINING)]
        fresh += [] if active else [(old, RootState.LEAVING)]
        for place, state in fresh:
            ROOT_KEYS.insert(
                writing,
                RootKey(
                    id=place.root_key_id,
                    domain=domain,
                    custodian=place.custodian,
                    file=place.file,
                    state=state,
                    created_at=writing.now,
                ),
            )
        writing.append(
            Event(
                kind="rotation.begun",
                actor=request.asker,
                facts={
                    "domain": domain,
                    "root": old.root_key_id,
                    "successor": new.root_key_id,
                    "request": request.id,
                },
            )
        )

    def _verify_domain(self, domain: str) -> None:
        if domain not in self._domains:
            raise InputError(
                f"the room has no custody domain {domain[:40]!r}",
                hint="its domains: " + ", ".join(self._domains),
            )


def _waiting(transaction: Writing | Reading, domain: str) -> Request | None:
    columns = REQUESTS.columns
    found = REQUESTS.find(
        transaction,
        columns.action == ACTION,
        columns.state == RequestState.PENDING,
        columns.expires_at > transaction.now,
    )
    own = [one for one in found if one.payload().get("domain") == domain]
    return own[0] if own else None


def _verify_free(writing: Writing, domain: str, joining: Place) -> None:
    """Check that nothing else moves or waits, and that the successor is new.

    Raises:
        ConflictError: A rotation is under way or waits, or the root key was used
            before.
    """
    # Rows that every room has: whoever proposes at the same time waits here.
    writing.connection.execute(sa.select(tables.room_keys.c.name).with_for_update())
    other = _waiting(writing, domain)
    if other is not None:
        raise ConflictError(
            f"{other.id} asks for a rotation of {domain} already",
            hint=f"approve or decline it first: strongroom approve {other.id}",
        )
    if roots_of(writing, domain, RootState.JOINING):
        raise ConflictError(
            f"a rotation of {domain} is under way",
            hint=f"strongroom key rotate {domain}",
        )
    if ROOT_KEYS.find(writing, ROOT_KEYS.columns.id == joining.root_key_id):
        raise ConflictError(f"{joining.root_key_id} was a root key before")


def _document(place: Place) -> dict[str, Json]:
    return {
        "root": place.root_key_id,
        "custodian": place.custodian,
        "file": place.file,
    }


def _place(value: Json) -> Place:
    """Return the place that a request names.

    Raises:
        IntegrityError: It names none.
    """
    if not isinstance(value, Mapping):
        raise IntegrityError("a request does not ask for a rotation")
    return Place(
        root_key_id=str(value["root"]),
        custodian=str(value["custodian"]),
        file=str(value["file"]),
    )
