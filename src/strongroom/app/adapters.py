"""What a room's URIs name: custodians, stores, the database."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from strongroom.app.schemes import (
    ELSEWHERE,
    SANDBOXES,
    Wanted,
    custodian_scheme,
    scheme_of,
    store_scheme,
    whole_store_uri,
)
from strongroom.crypto.custody.locked import LockedCustodian
from strongroom.crypto.custody.port import KeyCustodian
from strongroom.crypto.passphrases import Cost
from strongroom.crypto.roomkeys import PublicKeys
from strongroom.database.engine import parse_url
from strongroom.errors import SetupError
from strongroom.ledger.checkpoint import VerifierKey
from strongroom.sandboxes.port import Sandbox
from strongroom.settings import Domain, Settings
from strongroom.stores.port import BlobStore
from strongroom.types import Random, Secret
from strongroom.vault.seals import CustodyDomain

Passphrases = Mapping[str, Secret]
"""Passphrase of each custody domain by name; ``"*"`` for all the others."""


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
                settings, domain, passphrase_of(domain, passphrases), random=random
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
        DeniedError: The passphrase or PIN is wrong.
        InputError: The URI of a token is not usable.
        IntegrityError: A file of the custodian was altered.
        MissingError: There is no such file or token.
        SetupError: The URI names no adapter, or it lacks something.
        UnavailableError: The custodian does not answer.
    """
    scheme, rest = scheme_of(domain.custodian)
    if scheme == ELSEWHERE:
        return _remote(settings, domain, rest)
    kind = custodian_scheme(scheme)
    if passphrase is None:
        return LockedCustodian(domain.name)
    return kind.open(
        Wanted(
            path=_custody_path(settings, domain),
            secret=passphrase,
            random=random,
            uri=domain.custodian,
        )
    )


def create_custodian(
    settings: Settings,
    domain: Domain,
    passphrase: Secret | None,
    *,
    cost: Cost | None,
    random: Random,
) -> None:
    """Make the custodian that a domain's URI names, with a new root key.

    Args:
        settings: Of the room that is being made; its folder ``custodians`` exists.
        domain: The custody domain.
        passphrase: Of the file, or PIN of the token's user.
        cost: Of guessing a passphrase; ``Cost()`` if ``None``.
        random: Gives the root key, ids, salt and nonces.

    Raises:
        SetupError: The passphrase is missing, or the URI names no adapter.
        InputError: The passphrase or the URI is not usable.
        DeniedError: The token refuses the PIN.
        ConflictError: There is such a custodian.
        MissingError: There is no such token.
        UnavailableError: It cannot be written.
    """
    scheme, rest = scheme_of(domain.custodian)
    if scheme == ELSEWHERE:  # it was made by its own account; now it learns its room
        _remote(settings, domain, rest).anchor()
        return
    kind = custodian_scheme(scheme)
    if passphrase is None:
        raise SetupError(
            f"the custodian {domain.name} has no passphrase",
            hint=f"--passphrase-file {domain.name}=FILE",
        )
    kind.create(
        Wanted(
            path=_custody_path(settings, domain),
            secret=passphrase,
            random=random,
            uri=domain.custodian,
            name=domain.name,
            cost=cost,
        )
    )


def needs_secret(domain: Domain) -> bool:
    """Return whether a passphrase or PIN unlocks this domain's custodian here.

    A custodian that runs as a process of its own was unlocked where it runs.

    Raises:
        SetupError: The domain's custodian is no URI.
    """
    return scheme_of(domain.custodian)[0] != ELSEWHERE


def _remote(settings: Settings, domain: Domain, path: str) -> KeyCustodian:
    from strongroom.crypto.custody.remote import RemoteCustodian
    from strongroom.crypto.custody_pin import Pin

    name, _, query = path.partition("?")
    uid = query.removeprefix("uid=")
    if query and not (query.startswith("uid=") and uid.isdecimal() and len(uid) < 11):  # noqa: PLR2004  digits of 2**32
        raise SetupError(f"{query[:40]!r} names no user", hint="unix:PATH?uid=1001")
    verifier = VerifierKey(
        origin=settings.origin,
        public=PublicKeys.from_hex(settings.keys).checkpoint.raw,
    )
    return RemoteCustodian(
        settings.folder / name,
        name=domain.name,
        uid=int(uid) if uid else os.geteuid(),
        pin=Pin(room=settings.room, verifier=verifier.text()),
    )


def _custody_path(settings: Settings, domain: Domain) -> Path:
    """Return where a domain's custody file lies, or the file beside its token."""
    scheme, rest = scheme_of(domain.custodian)
    if scheme == "file":
        return settings.folder / rest
    return settings.folder / (domain.file or f"custodians/{domain.name}")


def open_store(settings: Settings, domain: Domain) -> BlobStore:
    """Return the store that a domain's URI names.

    Raises:
        SetupError: The URI names no adapter.
    """
    scheme, place = scheme_of(whole_store_uri(domain.store, settings.folder))
    return store_scheme(scheme).open(place)


def open_sandbox(settings: Settings) -> Sandbox:
    """Return the sandbox that the room's settings name; nothing runs yet.

    Raises:
        SetupError: They name none that is made.
    """
    if settings.sandbox not in SANDBOXES:
        raise SetupError(
            f"no sandbox is called {settings.sandbox[:40]!r}",
            hint=f"sandbox = one of {', '.join(SANDBOXES)} in room.toml",
        )
    return SANDBOXES[settings.sandbox]()


def database_url(settings: Settings) -> str:
    """Return the database's URL with a relative SQLite file made absolute.

    Raises:
        SetupError: It is no URL.
    """
    url = parse_url(settings.database)
    if url.get_backend_name() == "sqlite" and url.database:
        url = url.set(database=str((settings.folder / url.database).absolute()))
    return url.render_as_string(hide_password=False)


def existing_database_url(settings: Settings) -> str:
    """Return the database's URL; a SQLite file that is gone is not made anew.

    Raises:
        SetupError: It is gone, or is no URL.
    """
    text = database_url(settings)
    url = parse_url(text)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise SetupError(
            f"the room's database {url.database} is gone",
            hint="put it back where it was, or restore a backup of it",
        )
    return text


def passphrase_of(domain: Domain, passphrases: Passphrases) -> Secret | None:
    """Return the passphrase of a domain; the one for ``*`` if it has none."""
    return passphrases.get(domain.name, passphrases.get("*"))
