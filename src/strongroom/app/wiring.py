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
from strongroom.access.access_reviews import AccessReviews
from strongroom.access.approvals import Approvals
from strongroom.access.erasure import Erasures
from strongroom.access.gate import Gate
from strongroom.access.glass_reviews import GlassReviews
from strongroom.access.keyring import Keyring
from strongroom.access.logins import Sessions
from strongroom.access.people import People
from strongroom.access.policy import Policy
from strongroom.access.proving import Proving
from strongroom.access.terms_file import load_terms
from strongroom.access.training_records import TrainingRecords
from strongroom.app.adapters import (
    Passphrases,
    existing_database_url,
    needs_secret,
    open_domains,
    open_sandbox,
    passphrase_of,
)
from strongroom.app.examining import wire_quarantine
from strongroom.app.growing import wire_profiles
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
from strongroom.intake.allow_list import AllowList
from strongroom.intake.replacing import Replacing
from strongroom.ledger.anchors import Anchors
from strongroom.ledger.log import Ledger
from strongroom.ledger.port import Trouble
from strongroom.ledger.settled import settle
from strongroom.permits.desk import Desk
from strongroom.permits.headcount import protected
from strongroom.permits.permit import revoke_permit
from strongroom.permits.requests import Requests
from strongroom.settings import Settings, load_settings
from strongroom.types import Random
from strongroom.vault.catalogue import Catalogue
from strongroom.vault.originals import Originals
from strongroom.vault.recovery import Recovery
from strongroom.vault.recovery_wrapping import RecoveryWrapping
from strongroom.vault.rekeying import Rekeying
from strongroom.vault.rewrapping import Rewrapping
from strongroom.vault.rotation import Rotation
from strongroom.vault.seals import CustodyDomain
from strongroom.vault.shredding import Shredding
from strongroom.vault.signatures import Signatures
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
        room = _wired(settings, gate, domains, keys, now=now, random=random)
        undo.pop_all()
    return room


def _wired(
    settings: Settings,
    gate: Gate,
    domains: Mapping[str, CustodyDomain],
    keys: RoomKeys,
    *,
    now: Clock,
    random: Random,
) -> Room:
    ledger = gate.ledger
    sessions = Sessions(gate, totp_key=keys.totp, random=random)
    witnesses = open_witnesses(settings, ledger, now=now)
    anchors = Anchors(
        ledger, before_release=witnesses.before_release if witnesses else None
    )
    approvals = Approvals(gate, random=random)
    tell = teller(settings.folder)
    sandbox = partial(open_sandbox, settings)
    originals = Originals(anchors, domains, keys.manifest.public)
    outside = wire_quarantine(
        gate, approvals, settings, sandbox, random=random, originals=originals
    )
    return Room(
        settings=settings,
        ledger=ledger,
        anchors=anchors,
        gate=gate,
        approvals=approvals,
        sessions=sessions,
        keyring=Keyring(gate, random=random),
        proving=Proving(gate, sessions, random=random),
        profiles=wire_profiles(gate, approvals, settings, random),
        people=People(gate, approvals, totp_key=keys.totp, random=random),
        erasures=Erasures(gate, approvals),
        glass_reviews=GlassReviews(gate, revoke=revoke_permit),
        training=TrainingRecords(gate),
        access_reviews=AccessReviews(gate, models=protected, tell=tell, random=random),
        catalogue=Catalogue(gate, approvals, domains=domains, keys=keys),
        sandbox=sandbox,
        quarantine=outside.quarantine,
        comparing=outside.comparing,
        fetching=outside.fetching,
        upstreams=outside.upstreams,
        allow_list=AllowList(gate, approvals, random=random),
        replacing=Replacing(gate, approvals),
        admission=outside.admission,
        reauditing=outside.reauditing,
        reading_again=outside.reading_again,
        vault=Vault(
            gate,
            approvals,
            room=settings.room,
            domains=domains,
            keys=keys,
            random=random,
        ),
        recovery=Recovery(
            gate, approvals, domains=domains, manifest_key=keys.manifest.public
        ),
        recovery_wrapping=RecoveryWrapping(
            gate,
            anchors,
            room=settings.room,
            domains=domains,
            manifest_key=keys.manifest.public,
        ),
        rotation=Rotation(gate, approvals, domains=domains),
        rewrapping=Rewrapping(gate, anchors, room=settings.room),
        shredding=Shredding(gate, approvals, manifest_key=keys.manifest.public),
        signatures=Signatures(
            gate,
            approvals,
            room=settings.room,
            domains=domains,
            keys=keys,
            random=random,
        ),
        rekeying=Rekeying(
            gate,
            anchors,
            room=settings.room,
            domains=domains,
            keys=keys,
            random=random,
        ),
        requests=Requests(
            gate, approvals, room=settings.room, keys=keys, random=random, tell=tell
        ),
        desk=Desk(gate, anchors, room=settings.room, domains=domains, keys=keys),
        domains=domains,
        used_by=USED_BY,
        keys=keys,
        public_keys=PublicKeys.from_hex(settings.keys),
        now=now,
        random=random,
        witnesses=witnesses,
    )
