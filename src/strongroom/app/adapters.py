"""The adapters that a room's URIs name."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from strongroom.crypto.custody.file import FileCustodian
from strongroom.crypto.custody.locked import LockedCustodian
from strongroom.crypto.custody.port import KeyCustodian
from strongroom.errors import SetupError
from strongroom.settings import Domain, Settings
from strongroom.stores.folder import FolderStore
from strongroom.stores.memory import MemoryStore
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
        DeniedError: The passphrase is wrong.
        SetupError: The URI names no adapter.
    """
    scheme, path = scheme_of(domain.custodian)
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
