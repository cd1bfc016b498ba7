"""Adapters by the scheme of a URI: the only table that names them.

Each is imported when a room first names it.  To add one, write its adapter and a
line in its table here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from strongroom.crypto.custody.port import KeyCustodian
from strongroom.crypto.held_key import Holder
from strongroom.crypto.passphrases import Cost
from strongroom.errors import SetupError
from strongroom.sandboxes.port import Sandbox
from strongroom.stores.port import BlobStore
from strongroom.types import Random, Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A custodian that is to be made or opened in this process.

    Attributes:
        path: Of its file, also beside a token or service.
        secret: A passphrase, a PIN, a token or an access key.
        random: Gives what has to be random.
        uri: Where it is; to open one where its file says, empty.
        name: The custody domain that a new one will be.
        cost: Of guessing a new passphrase; ``Cost()`` if ``None``.
    """

    path: Path
    secret: Secret
    random: Random
    uri: str = ""
    name: str = ""
    cost: Cost | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodianScheme:
    """How custodians of one kind are made and opened in this process.

    Attributes:
        uri: How a room names one, for a hint.
        used_by: Who can use its root key, for the inventory of keys.
        create: Makes one, with a new root key and its file.
        open: Unlocks one.
    """

    uri: str
    used_by: str
    create: Callable[[Wanted], KeyCustodian]
    open: Callable[[Wanted], KeyCustodian]


def _create_file(wanted: Wanted) -> KeyCustodian:
    from strongroom.crypto.custody.file import FileCustodian

    return FileCustodian.create(
        wanted.path,
        name=wanted.name,
        passphrase=wanted.secret,
        random=wanted.random,
        cost=wanted.cost,
    )


def _open_file(wanted: Wanted) -> KeyCustodian:
    from strongroom.crypto.custody.file import FileCustodian

    return FileCustodian.open(wanted.path, wanted.secret, random=wanted.random)


def _pkcs11() -> Holder[Any]:
    from strongroom.crypto.custody.pkcs11 import PKCS11

    return PKCS11


def _transit() -> Holder[Any]:
    from strongroom.crypto.custody.transit import TRANSIT

    return TRANSIT


def _aws_kms() -> Holder[Any]:
    from strongroom.crypto.custody.aws_kms import AWS_KMS

    return AWS_KMS


def _held(
    load: Callable[[], Holder[Any]], *, uri: str, used_by: str
) -> CustodianScheme:
    """Return how custodians over keys are made that something else holds."""

    def create(wanted: Wanted) -> KeyCustodian:
        return load().create(
            wanted.path,
            name=wanted.name,
            uri=wanted.uri,
            secret=wanted.secret,
            random=wanted.random,
        )

    def open_(wanted: Wanted) -> KeyCustodian:
        return load().open(
            wanted.path, wanted.secret, uri=wanted.uri, random=wanted.random
        )

    return CustodianScheme(uri=uri, used_by=used_by, create=create, open=open_)


CUSTODIANS: Mapping[str, CustodianScheme] = {
    "file": CustodianScheme(
        uri="file:PATH",
        used_by="whoever has the custody file and its passphrase",
        create=_create_file,
        open=_open_file,
    ),
    "pkcs11": _held(
        _pkcs11,
        uri="pkcs11:token=LABEL?module-path=SO",
        used_by="whoever has the token and its PIN",
    ),
    "transit": _held(
        _transit,
        uri="transit:https://HOST/MOUNT/KEY",
        used_by="whoever may use the engine's key",
    ),
    "aws-kms": _held(
        _aws_kms,
        uri="aws-kms:REGION/KEY",
        used_by="whoever the key's policy in AWS lets decrypt",
    ),
}
"""Custodians that are unlocked in this process."""

ELSEWHERE = "unix"
"""Scheme of a custodian that runs as a process of its own."""

USED_BY: Mapping[str, str] = {
    **{scheme: kind.used_by for scheme, kind in CUSTODIANS.items()},
    ELSEWHERE: "the account of the custodian's process",
}
"""Who can use a root key, by the scheme of its custodian."""


def custodian_scheme(scheme: str) -> CustodianScheme:
    """Return how custodians of this scheme are made and opened here.

    Raises:
        SetupError: There is no such adapter.
    """
    if scheme not in CUSTODIANS:
        known = [kind.uri for kind in CUSTODIANS.values()]
        raise SetupError(
            f"no custodian is made for {scheme[:20]}:",
            hint="use " + " or ".join([*known, f"{ELSEWHERE}:PATH?uid=USER"]),
        )
    return CUSTODIANS[scheme]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreScheme:
    """How stores of one kind are opened.

    Attributes:
        uri: How a room names one, for a hint.
        is_path: Whether what follows the scheme is a path, from the room's folder on.
        open: Opens the store at that place: a whole path, or as it stands in the URI.
    """

    uri: str
    is_path: bool
    open: Callable[[str], BlobStore]


def _folder(place: str) -> BlobStore:
    from strongroom.stores.folder import FolderStore

    return FolderStore(Path(place))


def _memory(place: str) -> BlobStore:
    from strongroom.stores.memory import MemoryStore

    del place
    return MemoryStore()


STORES: Mapping[str, StoreScheme] = {
    "folder": StoreScheme(uri="folder:PATH", is_path=True, open=_folder),
    "memory": StoreScheme(uri="memory:NAME", is_path=False, open=_memory),
}


def store_scheme(scheme: str) -> StoreScheme:
    """Return how stores of this scheme are opened.

    Raises:
        SetupError: There is no such adapter.
    """
    if scheme not in STORES:
        known = " or ".join(kind.uri for kind in STORES.values())
        raise SetupError(f"no store is made for {scheme[:20]}:", hint=f"use {known}")
    return STORES[scheme]


def whole_store_uri(uri: str, folder: Path) -> str:
    """Return a store's URI so that it means the same outside of its room.

    Args:
        uri: As ``room.toml`` states it.
        folder: Of the room.

    Raises:
        SetupError: It is no URI, or names no adapter.
    """
    scheme, place = scheme_of(uri)
    if not store_scheme(scheme).is_path:
        return uri
    return f"{scheme}:{(folder / place).absolute()}"


def _bubblewrap() -> Sandbox:
    from strongroom.sandboxes.bubblewrap import BubblewrapSandbox

    return BubblewrapSandbox()


SANDBOXES: Mapping[str, Callable[[], Sandbox]] = {
    "bubblewrap": _bubblewrap,
}


def scheme_of(uri: str) -> tuple[str, str]:
    """Return scheme and rest of an adapter's URI.

    Raises:
        SetupError: It is no URI.
    """
    scheme, _, rest = uri.partition(":")
    if not (scheme and rest):
        raise SetupError(f"{uri[:80]!r} is no URI", hint="such as folder:stores/home")
    return scheme, rest
