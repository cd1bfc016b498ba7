"""The adapters that a room's URIs name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa

from strongroom.crypto.custody.file import FileCustodian
from strongroom.crypto.custody.locked import LockedCustodian
from strongroom.crypto.custody.pkcs11 import Pkcs11Custodian
from strongroom.crypto.custody.port import KeyCustodian
from strongroom.crypto.custody.remote import RemoteCustodian
from strongroom.crypto.custody.transit import TransitCustodian
from strongroom.crypto.custody_pin import Pin
from strongroom.crypto.passphrases import Cost
from strongroom.crypto.roomkeys import PublicKeys
from strongroom.crypto.token_uri import TokenUri
from strongroom.crypto.transit import TransitUri
from strongroom.errors import SetupError
from strongroom.ledger.checkpoint import VerifierKey
from strongroom.settings import Domain, Settings
from strongroom.stores.folder import FolderStore
from strongroom.stores.memory import MemoryStore
from strongroom.stores.port import BlobStore
from strongroom.types import Random, Secret
from strongroom.vault.seals import CustodyDomain

CUSTODIANS = {
    "file": "file:PATH",
    "pkcs11": "pkcs11:token=LABEL?module-path=SO",
    "transit": "transit:https://HOST/MOUNT/KEY",
    "unix": "unix:PATH?uid=USER",
}
"""URI of every custodian that a room can name, by scheme."""

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
    scheme, path = _custodian_scheme(domain)
    if scheme == "unix":
        return _remote(settings, domain, path)
    if passphrase is None:
        return LockedCustodian(domain.name)
    if scheme == "pkcs11":
        return Pkcs11Custodian.open(
            token_path(settings, domain),
            passphrase,
            uri=TokenUri.from_text(domain.custodian),
            random=random,
        )
    if scheme == "transit":
        return TransitCustodian.open(
            token_path(settings, domain),
            passphrase,
            uri=TransitUri.from_text(domain.custodian),
        )
    return FileCustodian.open(settings.folder / path, passphrase, random=random)


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
    scheme, path = _custodian_scheme(domain)
    if scheme == "unix":  # it was made by its own account; now it learns its room
        _remote(settings, domain, path).anchor()
        return
    if passphrase is None:
        raise SetupError(
            f"the custodian {domain.name} has no passphrase",
            hint=f"--passphrase-file {domain.name}=FILE",
        )
    if scheme == "pkcs11":
        Pkcs11Custodian.create(
            token_path(settings, domain),
            name=domain.name,
            uri=TokenUri.from_text(domain.custodian),
            pin=passphrase,
            random=random,
        )
        return
    if scheme == "transit":
        TransitCustodian.create(
            token_path(settings, domain),
            name=domain.name,
            uri=TransitUri.from_text(domain.custodian),
            token=passphrase,
            random=random,
        )
        return
    FileCustodian.create(
        settings.folder / path,
        name=domain.name,
        passphrase=passphrase,
        random=random,
        cost=cost,
    )


def needs_secret(domain: Domain) -> bool:
    """Return whether a passphrase or PIN unlocks this domain's custodian here.

    A custodian that runs as a process of its own was unlocked where it runs.
    """
    return not domain.custodian.startswith("unix:")


def _remote(settings: Settings, domain: Domain, path: str) -> RemoteCustodian:
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


def token_path(settings: Settings, domain: Domain) -> Path:
    """Return where the file beside a domain's token lies, in the room's folder."""
    return settings.folder / (domain.file or f"custodians/{domain.name}")


def _custodian_scheme(domain: Domain) -> tuple[str, str]:
    scheme, path = scheme_of(domain.custodian)
    if scheme not in CUSTODIANS:
        raise SetupError(
            f"no custodian is made for {scheme}:",
            hint="use " + " or ".join(CUSTODIANS.values()),
        )
    return scheme, path


def open_store(settings: Settings, domain: Domain) -> BlobStore:
    """Return the store that a domain's URI names.

    Raises:
        SetupError: The URI names no adapter.
    """
    scheme, path = scheme_of(domain.store)
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


def scheme_of(uri: str) -> tuple[str, str]:
    """Return scheme and rest of an adapter's URI.

    Raises:
        SetupError: It is no URI.
    """
    scheme, colon, rest = uri.partition(":")
    if not colon or not rest:
        raise SetupError(f"{uri[:80]!r} is no URI", hint="such as folder:stores/home")
    return scheme, rest


def passphrase_of(domain: Domain, passphrases: Passphrases) -> Secret | None:
    """Return the passphrase of a domain; the one for ``*`` if it has none."""
    return passphrases.get(domain.name, passphrases.get("*"))
