"""Creates a room: folders, custodians, tables, keys, first accounts."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa

from strongroom.access import passwords
from strongroom.access.founding import Founded, Founder, found
from strongroom.app.adapters import (
    Passphrases,
    create_custodian,
    database_url,
    open_domains,
    passphrase_of,
)
from strongroom.app.starting import check_rows, local_actor
from strongroom.app.wiring import Clock, build, clock
from strongroom.client.client import Strongroom
from strongroom.client.room import Room
from strongroom.crypto import roomkeys, wraps
from strongroom.crypto.durable import make_folder, write_durably
from strongroom.crypto.passphrases import Cost
from strongroom.crypto.roomkeys import RoomKeys
from strongroom.database import tables
from strongroom.database.engine import Database
from strongroom.errors import ConflictError, UnavailableError
from strongroom.settings import FILE_NAME, Domain, RelyingParty, Settings
from strongroom.types import Profile, Random, RoomId, Secret, new_id
from strongroom.vault.seals import CustodyDomain

DOMAINS = {
    Profile.SOLO: ("home",),
    Profile.SMALL: ("home",),
    Profile.STANDARD: ("architecture", "biases", "weights"),
    Profile.HARDENED: ("architecture", "biases", "weights"),
}
"""Custody domains of a new room; the first one's custodian is the home custodian."""


def create_strongroom(
    folder: Path | str,
    *,
    profile: Profile,
    passphrases: Passphrases,
    owner: Founder,
    approvers: Sequence[Founder] = (),
    database: str = "sqlite+pysqlite:///room.db",
    custodians: Mapping[str, str] | None = None,
    passkeys: str = "localhost",
    cost: Cost | None = None,
    password_cost: passwords.Cost = passwords.DEFAULT_COST,
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
        custodians: URI of a domain's custodian, by its name; a file in the room's
            folder for the others.
        passkeys: The domain for which passkeys are made; where a server will be.
        cost: Of guessing a passphrase; ``Cost()`` unless given.
        password_cost: Of guessing the owner's password.
        now: The clock, aware UTC.
        random: Source of every key, salt, nonce and id.

    Raises:
        ConflictError: ``folder`` holds something, or the database a room.
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
        passkeys=RelyingParty.at(passkeys),
        domains=_domains(profile, custodians or {}),
    )
    for domain in settings.domains:
        secret = passphrase_of(domain, passphrases)
        create_custodian(settings, domain, secret, cost=cost, random=random)
    domains = open_domains(settings, passphrases, random=random)
    _create_tables(settings, domains[settings.home.name], seeds)
    room = build(
        settings, domains, keys, password_cost=password_cost, now=now, random=random
    )
    with contextlib.ExitStack() as undo:
        undo.callback(room.ledger.database.close)
        founded = _begin(room, owner, approvers, cost=password_cost)
        write_durably(folder / FILE_NAME, settings.to_toml().encode(), random)
        created = Strongroom(room, local_actor(room))
        undo.pop_all()
    return created, founded


def _begin(
    room: Room, owner: Founder, approvers: Sequence[Founder], *, cost: passwords.Cost
) -> Founded:
    """Write the first entries, and have every custodian see them."""
    founded = found(
        room.ledger,
        profile=room.settings.profile,
        policy=room.gate.rules_digest,
        domains=list(room.domains),
        owner=owner,
        approvers=approvers,
        random=room.random,
        cost=cost,
    )
    for custody in room.domains.values():
        room.anchors.advance(custody.custodian)
    check_rows(room.ledger)  # so that the first opening need not read it all
    return founded


def _domains(profile: Profile, custodians: Mapping[str, str]) -> tuple[Domain, ...]:
    """Return the custody domains of a new room, in its folder unless said otherwise."""
    return tuple(
        Domain(
            name=name,
            custodian=custodians.get(name, f"file:custodians/{name}"),
            store=f"folder:stores/{name}",
        )
        for name in DOMAINS[profile]
    )


def _make_empty(folder: Path) -> None:
    try:
        make_folder(folder)
        if any(folder.iterdir()):
            raise ConflictError(f"{folder} is not empty", hint="name a new folder")
        folder.chmod(0o700)
        (folder / "custodians").mkdir(mode=0o700)
    except OSError as error:
        raise UnavailableError(f"{folder}: {error.strerror}") from None


def _create_tables(
    settings: Settings, home: CustodyDomain, seeds: Mapping[str, Secret]
) -> None:
    """Make the tables and put the room's own keys into them.

    Raises:
        ConflictError: The database holds another room's ledger.
    """
    from strongroom.database import migrating  # here: Alembic takes 150 ms

    root_key_id = home.custodian.root_key_id
    with contextlib.closing(Database(database_url(settings))) as database:
        migrating.upgrade(database)
        with database.writing() as connection:
            if connection.execute(sa.select(tables.entries.c.id).limit(1)).first():
                raise ConflictError(
                    "the database holds another room", hint="name an empty one"
                )
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
