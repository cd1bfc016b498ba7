"""Copies of a room from which it is restored: taken over, and checked whole."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from strongroom.app.adapters import Passphrases, database_url
from strongroom.app.recovered import Recovered
from strongroom.app.schemes import whole_store_uri
from strongroom.app.wiring import Clock, open_ledger
from strongroom.app.witnesses import open_witnesses
from strongroom.crypto.durable import write_durably
from strongroom.crypto.paper import Paper
from strongroom.crypto.passphrases import Cost
from strongroom.crypto.roomkeys import PublicKeys, RoomKeys
from strongroom.database.copying import copy_sqlite
from strongroom.database.engine import Database, parse_url
from strongroom.errors import (
    ConflictError,
    ForkError,
    IntegrityError,
    SetupError,
    UnavailableError,
)
from strongroom.ledger import checks
from strongroom.ledger.anchors import Anchors
from strongroom.ledger.reconcile import reconcile
from strongroom.settings import Domain, Settings
from strongroom.types import Random, Secret
from strongroom.vault.restoring import room_seeds, verified_keys

UNFINISHED = "restoring.toml"
"""What becomes ``room.toml`` when everything else is done."""

CUSTODIANS = "custodians"
"""Folder of the new custodians, made once the copy was found to be whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOptions:
    """What is to be restored, and how.

    Attributes:
        copy: Folder with ``room.toml``, the database file and the stores.
        into: New or empty folder, or one of an interrupted restoration.
        papers: Of every recovery set that is needed.
        passphrases: Of the new custodians.
        by: Name or id of the account of whoever restores; claimed, not proven.
        database: URL of a restored copy of the database; a SQLite file is copied
            out of ``copy`` unless given.
        checkpoint: The newest signed checkpoint that anybody kept elsewhere.
        drill: Whether the room is thrown away afterwards.
        accept_older: Whether the copy may be older than what was seen elsewhere.
            The room then has no witnesses: those who saw more will not sign it.
        allow_lost: Whether segments that no recovery key opens are given up.
        cost: Of guessing a passphrase; ``Cost()`` unless given.
    """

    copy: Path
    into: Path
    papers: Sequence[Paper]
    passphrases: Passphrases
    by: str
    database: str | None = None
    checkpoint: bytes | None = None
    drill: bool = False
    accept_older: bool = False
    allow_lost: bool = False
    cost: Cost | None = None


def settings_of(options: RestoreOptions, source: Settings) -> Settings:
    """Return the settings of the new room: new custodians, the copy's stores.

    Raises:
        SetupError: The copy's database is no file, and no other was named; or a
            store of it is no URI.
    """
    sqlite = parse_url(source.database).get_backend_name() == "sqlite"
    if options.database is None and not sqlite:
        raise SetupError(
            "the room's database is no file in its copy",
            hint="restore its dump into a new database, and name it: --database URL",
        )
    witnesses = source.witnesses
    if options.drill or options.accept_older:  # nobody signs a history that ends here
        witnesses = None
    if witnesses is not None:
        policy = (source.folder / witnesses.policy).absolute()
        witnesses = replace(witnesses, policy=policy)
    return replace(
        source,
        folder=options.into,
        witnesses=witnesses,
        database=options.database or "sqlite+pysqlite:///room.db",
        policy=source.policy_folder and source.policy_folder.absolute(),
        domains=tuple(
            Domain(
                name=domain.name,
                custodian=f"file:{CUSTODIANS}/{domain.name}",
                store=whole_store_uri(domain.store, source.folder),
            )
            for domain in source.domains
        ),
    )


def make_folder(settings: Settings, random: Random) -> None:
    """Make the folder of the new room, or recognise that of an interrupted run.

    Raises:
        ConflictError: It holds something else.
        UnavailableError: It cannot be made.
    """
    folder, marker = settings.folder, settings.folder / UNFINISHED
    text = settings.to_toml().encode()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if marker.exists():
            same = marker.read_bytes() == text
            if _begun(settings) and not same:
                raise ConflictError(
                    f"{folder} holds the restoration of something else",
                    hint="name a new folder",
                )
            if not same:  # a copy that was refused, or other options
                write_durably(marker, text, random, overwrite=True)
            return
        if any(folder.iterdir()):
            raise ConflictError(f"{folder} is not empty", hint="name a new folder")
        folder.chmod(0o700)
        write_durably(marker, text, random)
    except OSError as error:
        raise UnavailableError(f"{folder}: {error.strerror}") from None


def _begun(settings: Settings) -> bool:
    """Return whether the copy was found to be whole and custodians are being made."""
    return (settings.folder / CUSTODIANS).exists()


def copy_database(source: Settings, settings: Settings) -> None:
    """Copy the database file, unless an interrupted run began to work on it.

    Raises:
        MissingError: There is none.
        UnavailableError: It cannot be read or written.
    """
    paths = [parse_url(database_url(s)).database for s in (source, settings)]
    old, new = (Path(str(path)) for path in paths)
    if _begun(settings):
        return
    for suffix in ("", "-wal", "-shm"):  # of a copy that was refused
        new.with_name(new.name + suffix).unlink(missing_ok=True)
    copy_sqlite(old, new)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a copy holds, once ledger, keys and rows were found to be as written.

    Attributes:
        size: Entries in its ledger.
        seen: Entries under the checkpoint from elsewhere; ``None`` without one.
        troubles: What kept a witness from saying what it saw.
        keys: The room's own keys.
        seeds: The same, to be wrapped again.
    """

    size: int
    seen: int | None
    troubles: tuple[str, ...]
    keys: RoomKeys
    seeds: Mapping[str, Secret]


def check_copy(
    settings: Settings,
    recovered: Sequence[Recovered],
    options: RestoreOptions,
    *,
    now: Clock,
    random: Random,
) -> Checked:
    """Return what a copy holds, if it holds together.

    Raises:
        IntegrityError: The ledger, the keys or a guarded row was altered.
        ForkError: The copy is older than a checkpoint or a witness, or another
            history.
        InputError: The room's keys are wrapped to none of the recovery keys.
    """
    from strongroom.database import migrating  # here: Alembic takes 150 ms

    with contextlib.closing(Database(database_url(settings))) as database:
        migrating.upgrade(database)
    ledger = open_ledger(settings, now=now, random=random)
    with contextlib.closing(ledger.database):
        with ledger.reading() as reading:
            _refuse("the ledger of the copy", checks.check_all(ledger, reading))
        size, seen = _compare_checkpoint(Anchors(ledger), options)
        witnesses = open_witnesses(settings, ledger, now=now)
        troubles = witnesses.compare() if witnesses else []
        with ledger.reading() as reading:
            seeds = room_seeds(
                ledger, reading, [r.key for r in recovered], settings.room
            )
    keys = verified_keys(seeds, PublicKeys.from_hex(settings.keys))
    ledger = open_ledger(settings, keys=keys, now=now, random=random)
    with contextlib.closing(ledger.database), ledger.reading() as reading:
        _refuse("the database copy", reconcile(ledger, reading))
    return Checked(
        size=size,
        seen=seen,
        troubles=tuple(map(str, troubles)),
        keys=keys,
        seeds=seeds,
    )


def _compare_checkpoint(
    anchors: Anchors, options: RestoreOptions
) -> tuple[int, int | None]:
    """Return how many entries the copy has, and how many were seen elsewhere.

    Raises:
        IntegrityError: The checkpoint is none of this room.
        ForkError: The copy is older, or another history.
    """
    newest = anchors.newest()
    if options.checkpoint is None:
        return newest.size, None
    seen = anchors.of_note(options.checkpoint)
    if seen.size <= newest.size:
        anchors.verify_extension(seen, newest)
    elif not options.accept_older:
        raise ForkError(
            f"the copy has {newest.size} entries, and {seen.size} were seen elsewhere",
            hint="take a newer copy; or give up what is lacking: --accept-older",
        )
    return newest.size, seen.size


def _refuse(what: str, findings: Sequence[object]) -> None:
    if findings:
        more = f", and {len(findings) - 1} more" if len(findings) > 1 else ""
        raise IntegrityError(
            f"{what} is not what was written: {findings[0]}{more}",
            hint="take an older copy",
        )
