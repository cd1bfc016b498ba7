"""Builds a room from its settings."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from strongroom.access import passwords
from strongroom.access.approvals import Approvals
from strongroom.access.gate import Gate
from strongroom.access.logins import Sessions
from strongroom.access.people import People
from strongroom.access.policy import Policy
from strongroom.access.terms_file import load_terms
from strongroom.app.adapters import (
    Passphrases,
    existing_database_url,
    needs_secret,
    open_domains,
    open_sandbox,
    passphrase_of,
)
from strongroom.app.examining import wire_outside
from strongroom.app.keeping import Wires, wire_persons, wire_upkeep
from strongroom.app.notifications import teller
from strongroom.app.schemes import USED_BY
from strongroom.app.starting import (
    check_start,
    local_actor,
    remembering,
    unwrap_keys,
)
from strongroom.app.telling import tell_custodians
from strongroom.app.witnesses import open_witnesses
from strongroom.client.client import Strongroom
from strongroom.client.room import Room, tell_nobody
from strongroom.crypto.roomkeys import PublicKeys, RoomKeys
from strongroom.database import schema
from strongroom.database.engine import Database
from strongroom.database.guards import Guards
from strongroom.errors import IntegrityError, SetupError
from strongroom.ledger.anchors import Anchors
from strongroom.ledger.log import Ledger
from strongroom.ledger.port import Trouble
from strongroom.ledger.settled import settle
from strongroom.ledger.witnesses import Witnesses
from strongroom.permits.desk import Desk
from strongroom.permits.requests import Requests
from strongroom.settings import Settings, load_settings
from strongroom.types import Random
from strongroom.vault.catalogue import Catalogue
from strongroom.vault.seals import CustodyDomain
from strongroom.vault.vault import Vault

Clock = Callable[[], datetime]


def clock() -> datetime:
    """Return the time now, aware UTC."""
    return datetime.now(UTC)


def open_strongroom(
    folder: Path | str,
    *,
    passphrases: Passphrases,
    seen: Path | None = None,
    tell: Callable[[Trouble], None] = tell_nobody,
    password_cost: passwords.Cost = passwords.DEFAULT_COST,
    now: Clock = clock,
    random: Random = os.urandom,
) -> Strongroom:
    """Open the room in ``folder`` and check that it is what it was.

    Args:
        folder: Where its ``room.toml`` lies.
        passphrases: The home custodian's is needed; the others' open what lies
            in their domains.
        seen: Where this reader keeps the newest checkpoint they saw, if anywhere.
        tell: Is given what keeps a witness from watching, until the room is closed.
        password_cost: Of guessing an account's password.
        now: The clock, aware UTC.
        random: Source of every key, salt, nonce and id.

    Raises:
        SetupError: There is no room, or its settings, rules or tables are wrong.
        DeniedError: A passphrase is wrong.
        ForkError: The database is not what the custodians, or this reader, saw last.
        IntegrityError: The tail of the ledger was altered.
        UnavailableError: The database or a store does not answer.
    """
    settings = load_settings(Path(folder))
    if (
        needs_secret(settings.home)
        and passphrase_of(settings.home, passphrases) is None
    ):
        raise SetupError(
            "the home custodian's passphrase is needed", hint="--passphrase-file FILE"
        )
    domains = open_domains(settings, passphrases, random=random)
    locked = open_ledger(settings, now=now, random=random)
    with contextlib.closing(locked.database):
        tell_custodians(locked, domains)
        keys = unwrap_keys(settings, domains[settings.home.name], locked)
    room = build(
        settings, domains, keys, password_cost=password_cost, now=now, random=random
    )
    room = replace(room, tell=tell)
    with contextlib.ExitStack() as undo:
        undo.callback(room.ledger.database.close)
        check_start(room)
        room = remembering(room, seen)
        opened = Strongroom(room, local_actor(room))
        undo.pop_all()
    return opened


def open_ledger(
    settings: Settings,
    *,
    keys: RoomKeys | None = None,
    now: Clock = clock,
    random: Random = os.urandom,
) -> Ledger:
    """Return the ledger of a room; without keys it can be read and verified only.

    Raises:
        SetupError: The tables are of another version, or the URL is wrong.
    """
    database = Database(existing_database_url(settings))
    with contextlib.ExitStack() as undo:
        undo.callback(database.close)
        schema.check_current(database)
        key = PublicKeys.from_hex(settings.keys).checkpoint
        number = settings.second_key or 1
        ledger = Ledger(
            database,
            origin=settings.origin,
            key=key,
            signer=keys.checkpoint if keys else None,
            guards=Guards(keys.guard if keys else None),
            now=now,
            random=random,
            since=settings.second_since,
            second=next(iter(key.seconds[number - 1 : number]), None),
        )
        with contextlib.suppress(IntegrityError):  # then room.toml's demand stays
            settle(ledger)
        undo.pop_all()
    return ledger


def build(
    settings: Settings,
    domains: Mapping[str, CustodyDomain],
    keys: RoomKeys,
    *,
    password_cost: passwords.Cost,
    now: Clock,
    random: Random,
) -> Room:
    """Wire every part of a room to every other.

    Raises:
        SetupError: The rules or the terms do not hold together.
    """
    ledger = open_ledger(settings, keys=keys, now=now, random=random)
    with contextlib.ExitStack() as undo:
        undo.callback(ledger.database.close)
        gate = Gate(
            ledger=ledger,
            policy=Policy.load(settings.profile, settings.policy_folder),
            terms=load_terms(settings.profile, folder=settings.policy_folder),
            party=settings.passkeys,
            password_cost=password_cost,
        )
        witnesses = open_witnesses(settings, ledger, now=now)
        wires = _wires(
            settings, gate, domains, keys, witnesses=witnesses, random=random
        )
        room = _wired(wires, witnesses, now=now)
        undo.pop_all()
    return room


def _wires(
    settings: Settings,
    gate: Gate,
    domains: Mapping[str, CustodyDomain],
    keys: RoomKeys,
    *,
    witnesses: Witnesses | None,
    random: Random,
) -> Wires:
    before_release = witnesses.before_release if witnesses else None
    return Wires(
        settings=settings,
        gate=gate,
        approvals=Approvals(gate, random=random),
        anchors=Anchors(gate.ledger, before_release=before_release),
        domains=domains,
        keys=keys,
        random=random,
    )


def _wired(wires: Wires, witnesses: Witnesses | None, *, now: Clock) -> Room:
    gate, approvals, anchors = wires.gate, wires.approvals, wires.anchors
    settings, domains, keys = wires.settings, wires.domains, wires.keys
    room, random, tell = settings.room, wires.random, teller(settings.folder)
    sandbox = partial(open_sandbox, settings)
    sessions = Sessions(gate, totp_key=keys.totp, random=random)
    return Room(
        settings=settings,
        ledger=gate.ledger,
        anchors=anchors,
        gate=gate,
        approvals=approvals,
        sessions=sessions,
        people=People(gate, approvals, totp_key=keys.totp, random=random),
        persons=wire_persons(wires, sessions, tell=tell),
        outside=wire_outside(wires, sandbox),
        upkeep=wire_upkeep(wires),
        sandbox=sandbox,
        vault=Vault(
            gate, approvals, room=room, domains=domains, keys=keys, random=random
        ),
        catalogue=Catalogue(gate, approvals, domains=domains, keys=keys),
        requests=Requests(
            gate, approvals, room=room, keys=keys, random=random, tell=tell
        ),
        desk=Desk(gate, anchors, room=room, domains=domains, keys=keys),
        domains=domains,
        used_by=USED_BY,
        keys=keys,
        public_keys=PublicKeys.from_hex(settings.keys),
        now=now,
        random=random,
        witnesses=witnesses,
    )
