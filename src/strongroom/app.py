"""Builds a room from its settings; the only module that names adapters."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from strongroom.access.accounts import ACCOUNTS
from strongroom.access.approvals import Approvals
from strongroom.access.founding import Founded, Founder, found
from strongroom.access.gate import Gate
from strongroom.access.people import People
from strongroom.access.policy import Policy
from strongroom.access.sessions import Actor, Sessions
from strongroom.access.terms import load_terms
from strongroom.client.client import Strongroom
from strongroom.client.room import Room
from strongroom.crypto import roomkeys, wraps
from strongroom.crypto.custody.file import FileCustodian
from strongroom.crypto.custody.locked import LockedCustodian
from strongroom.crypto.custody.port import KeyCustodian
from strongroom.crypto.custody_file import write_durably
from strongroom.crypto.passphrases import Cost
from strongroom.crypto.roomkeys import PublicKeys, RoomKeys
from strongroom.database import schema, tables
from strongroom.database.engine import Database
from strongroom.database.guards import Guards
from strongroom.errors import ConflictError, SetupError, UnavailableError
from strongroom.ledger import checks
from strongroom.ledger.anchors import Anchors
from strongroom.ledger.log import Ledger
from strongroom.permits.desk import Desk
from strongroom.permits.requests import Requests
from strongroom.settings import FILE_NAME, Domain, Settings, load_settings
from strongroom.stores.folder import FolderStore
from strongroom.stores.memory import MemoryStore
from strongroom.stores.port import BlobStore
from strongroom.types import Profile, Random, RoomId, Secret, new_id
from strongroom.vault.catalogue import Catalogue
from strongroom.vault.seals import CustodyDomain
from strongroom.vault.vault import Vault

Clock = Callable[[], datetime]
Passphrases = Mapping[str, Secret]
"""Passphrase of each custody domain by name; ``"*"`` for all the others."""

DOMAINS = {
    Profile.SOLO: ("home",),
    Profile.STANDARD: ("architecture", "biases", "weights"),
}
"""Custody domains of a new room; the first one's custodian is the home custodian."""


def clock() -> datetime:
    """Return the time now, aware UTC."""
    return datetime.now(UTC)


def open_strongroom(
    folder: Path | str,
    *,
    passphrases: Passphrases,
    now: Clock = clock,
    random: Random = os.urandom,
) -> Strongroom:
    """Open the room in ``folder`` and check that it is what it was.

    Args:
        folder: Where its ``room.toml`` lies.
        passphrases: The home custodian's is needed; the others' open what lies
            in their domains.
        now: The clock, aware UTC.
        random: Source of every key, salt, nonce and id.

    Raises:
        SetupError: There is no room, or its settings, rules or tables are wrong.
        DeniedError: A passphrase is wrong.
        ForkError: The database is not what the custodians saw last.
        IntegrityError: The tail of the ledger was altered.
        UnavailableError: The database or a store does not answer.
    """
    settings = load_settings(Path(folder))
    if _passphrase(settings.home, passphrases) is None:
        raise SetupError(
            "the home custodian's passphrase is needed", hint="--passphrase-file FILE"
        )
    domains = open_domains(settings, passphrases, random=random)
    locked = open_ledger(settings, now=now, random=random)
    keys = _unwrap_keys(settings, domains[settings.home.name], locked)
    room = build(settings, domains, keys, now=now, random=random)
    _check_start(room)
    return Strongroom(room, _local_actor(room))


def create_strongroom(
    folder: Path | str,
    *,
    profile: Profile,
    passphrases: Passphrases,
    owner: Founder,
    approvers: Sequence[Founder] = (),
    database: str = "sqlite+pysqlite:///room.db",
    cost: Cost | None = None,
    now: Clock = clock,
    random: Random = os.urandom,
) -> tuple[Strongroom, Founded]:
    """Create a room in ``folder`` and return it with its first accounts.

    ``room.toml`` is written last: without it there is no room, and what an
    interrupted ``init`` left can be removed.

    Args:
        folder: New or empty.
        profile: ``solo`` has one custody domain, ``standard`` three.
        passphrases: For every domain of the profile.
        owner: The first administrator, or the one person.
        approvers: In ``standard`` two, of two other teams.
        database: SQLAlchemy URL; a relative SQLite file starts at ``folder``.
        cost: Of guessing a passphrase; ``Cost()`` unless given.
        now: The clock, aware UTC.
        random: Source of every key, salt, nonce and id.

    Raises:
        ConflictError: ``folder`` holds something.
        SetupError: A passphrase is missing.
        InputError: The people or the passphrases cannot be used.
        UnavailableError: The disk or the database does not answer.
    """
    folder = Path(folder)
    _make_empty(folder)
    seeds = roomkeys.new_seeds(random)
    keys = RoomKeys.from_seeds(seeds)
    settings = Settings(
        folder=folder,
        room=RoomId(new_id("room", random)),
        profile=profile,
        database=database,
        keys=keys.public.to_hex(),
        domains=tuple(
            Domain(name=n, custodian=f"file:custodians/{n}", store=f"folder:stores/{n}")
            for n in DOMAINS[profile]
        ),
    )
    for domain in settings.domains:
        _create_custodian(settings, domain, passphrases, cost, random)
    domains = open_domains(settings, passphrases, random=random)
    _create_tables(settings, domains[settings.home.name], seeds)
    room = build(settings, domains, keys, now=now, random=random)
    founded = found(
        room.ledger,
        profile=profile,
        policy=room.gate.policy.digest,
        domains=list(domains),
        owner=owner,
        approvers=approvers,
        random=random,
    )
    for custody in domains.values():
        room.anchors.advance(custody.custodian)
    write_durably(folder / FILE_NAME, settings.to_toml().encode(), random)
    return Strongroom(room, _local_actor(room)), founded


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
    database = Database(database_url(settings))
    schema.check_current(database)
    return Ledger(
        database,
        origin=settings.origin,
        key=PublicKeys.from_hex(settings.keys).checkpoint,
        signer=keys.checkpoint if keys else None,
        guards=Guards(keys.guard if keys else None),
        now=now,
        random=random,
    )


def build(
    settings: Settings,
    domains: Mapping[str, CustodyDomain],
    keys: RoomKeys,
    *,
    now: Clock,
    random: Random,
) -> Room:
    """Wire every part of a room to every other.

    Raises:
        SetupError: The rules or the terms do not hold together.
    """
    ledger = open_ledger(settings, keys=keys, now=now, random=random)
    gate = Gate(
        ledger=ledger,
        policy=Policy.load(settings.profile),
        terms=load_terms(settings.profile),
    )
    anchors = Anchors(ledger)
    approvals = Approvals(gate, random=random)
    return Room(
        settings=settings,
        ledger=ledger,
        anchors=anchors,
        gate=gate,
        approvals=approvals,
        sessions=Sessions(ledger, totp_key=keys.totp, random=random),
        people=People(gate, approvals, totp_key=keys.totp, random=random),
        catalogue=Catalogue(gate, approvals, domains=domains, keys=keys),
        vault=Vault(
            gate,
            approvals,
            room=settings.room,
            domains=domains,
            keys=keys,
            random=random,
        ),
        requests=Requests(
            gate, approvals, room=settings.room, keys=keys, random=random
        ),
        desk=Desk(gate, anchors, room=settings.room, domains=domains, keys=keys),
        domains=domains,
        keys=keys,
        public_keys=PublicKeys.from_hex(settings.keys),
        now=now,
        random=random,
    )


def open_domains(
    settings: Settings, passphrases: Passphrases, *, random: Random
) -> dict[str, CustodyDomain]:
    """Open every custody domain; one without a passphrase stays locked.

    Raises:
        DeniedError: A passphrase is wrong.
        SetupError: A URI names no adapter.
    """
    return {
        domain.name: CustodyDomain(
            name=domain.name,
            custodian=open_custodian(
                settings, domain, _passphrase(domain, passphrases), random=random
            ),
            store=open_store(settings, domain),
        )
        for domain in settings.domains
    }


def open_custodian(
    settings: Settings, domain: Domain, passphrase: Secret | None, *, random: Random
) -> KeyCustodian:
    """Return the custodian that a domain's URI names.

    Raises:
        DeniedError: The passphrase is wrong.
        SetupError: The URI names no adapter.
    """
    scheme, path = _scheme(domain.custodian)
    if scheme != "file":
        raise SetupError(f"no custodian is made for {scheme}:", hint="use file:PATH")
    if passphrase is None:
        return LockedCustodian(domain.name)
    return FileCustodian.open(settings.folder / path, passphrase, random=random)


def open_store(settings: Settings, domain: Domain) -> BlobStore:
    """Return the store that a domain's URI names.

    Raises:
        SetupError: The URI names no adapter.
    """
    scheme, path = _scheme(domain.store)
    if scheme == "folder":
        return FolderStore(settings.folder / path)
    if scheme == "memory":
        return MemoryStore()
    raise SetupError(f"no store is made for {scheme}:", hint="use folder:PATH")


def database_url(settings: Settings) -> str:
    """Return the database's URL with a relative SQLite file made absolute."""
    url = sa.make_url(settings.database)
    if url.get_backend_name() == "sqlite" and url.database:
        url = url.set(database=str((settings.folder / url.database).absolute()))
    return url.render_as_string(hide_password=False)


def _scheme(uri: str) -> tuple[str, str]:
    scheme, colon, rest = uri.partition(":")
    if not colon or not rest:
        raise SetupError(f"{uri[:80]!r} is no URI", hint="such as folder:stores/home")
    return scheme, rest


def _passphrase(domain: Domain, passphrases: Passphrases) -> Secret | None:
    return passphrases.get(domain.name, passphrases.get("*"))


def _unwrap_keys(settings: Settings, home: CustodyDomain, ledger: Ledger) -> RoomKeys:
    """Return the room's own keys; the home custodian first checks the ledger."""
    anchors = Anchors(ledger)
    root_key_id = home.custodian.root_key_id
    columns = tables.room_keys.c
    with ledger.database.reading() as connection:
        rows = connection.execute(
            sa.select(columns.name, columns.wrapped).where(
                columns.root_key_id == root_key_id
            )
        ).all()
    wrapped = {row.name: bytes(row.wrapped) for row in rows}
    if set(wrapped) != set(roomkeys.NAMES):
        raise SetupError("the room's own keys are not in its database")
    return RoomKeys.from_seeds(
        {
            name: anchors.unwrap(
                home.custodian,
                data,
                wraps.room_key_context(
                    room=settings.room, name=name, root_key_id=root_key_id
                ),
            )
            for name, data in wrapped.items()
        }
    )


def _make_empty(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise ConflictError(f"{folder} is not empty", hint="name a new folder")
        folder.chmod(0o700)
        (folder / "custodians").mkdir(mode=0o700)
    except OSError as error:
        raise UnavailableError(f"{folder}: {error.strerror}") from None


def _create_custodian(
    settings: Settings,
    domain: Domain,
    passphrases: Passphrases,
    cost: Cost | None,
    random: Random,
) -> None:
    passphrase = _passphrase(domain, passphrases)
    if passphrase is None:
        raise SetupError(
            f"the custodian {domain.name} has no passphrase",
            hint=f"--passphrase-file {domain.name}=FILE",
        )
    FileCustodian.create(
        settings.folder / _scheme(domain.custodian)[1],
        name=domain.name,
        passphrase=passphrase,
        random=random,
        cost=cost,
    )


def _create_tables(
    settings: Settings, home: CustodyDomain, seeds: Mapping[str, Secret]
) -> None:
    database = Database(database_url(settings))
    schema.upgrade(database)
    root_key_id = home.custodian.root_key_id
    with database.writing() as connection:
        connection.execute(
            sa.insert(tables.room_keys),
            [
                {
                    "name": name,
                    "root_key_id": root_key_id,
                    "wrapped": home.custodian.wrap(
                        seed,
                        wraps.room_key_context(
                            room=settings.room, name=name, root_key_id=root_key_id
                        ),
                    ),
                }
                for name, seed in seeds.items()
            ],
        )
    database.close()


def _local_actor(room: Room) -> Actor | None:
    """Return the owner of a ``solo`` room: whoever has the passphrase is that."""
    if room.settings.profile is not Profile.SOLO:
        return None
    with room.ledger.reading() as reading:
        owner = min(ACCOUNTS.find(reading), key=lambda account: account.created_at)
    return Actor(account=owner.id)


def _check_start(room: Room) -> None:
    """Refuse to work on a ledger whose tail, or whose anchors, do not fit."""
    pinned = PublicKeys.from_hex(room.settings.keys)
    if room.keys.public != pinned:
        raise SetupError("room.toml pins other keys than the home custodian holds")
    with room.ledger.reading() as reading:
        checks.check_tail(room.ledger, reading)
    for domain in room.domains.values():
        if not isinstance(domain.custodian, LockedCustodian):
            room.anchors.advance(domain.custodian)
