"""Adapters by the scheme of a URI: the only table that names them.

Each is imported when a room first names it.  To add one, write its adapter and a
line in its table here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from strongroom.crypto.custody.port import KeyCustodian
from strongroom.crypto.passphrases import Cost
from strongroom.errors import SetupError
from strongroom.sandboxes.port import Sandbox
from strongroom.stores.port import BlobStore
from strongroom.types import Random, Secret


class _Create(Protocol):
    def __call__(
        self,
        path: Path,
        secret: Secret,
        *,
        name: str,
        uri: str,
        cost: Cost | None,
        random: Random,
    ) -> KeyCustodian: ...


class _Open(Protocol):
    def __call__(
        self, path: Path, secret: Secret, *, uri: str | None, random: Random
    ) -> KeyCustodian: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodianScheme:
    """How custodians of one kind are made and opened in this process.

    Attributes:
        uri: How a room names one, for a hint.
        create: Makes one, with a new root key, and its file at ``path``; the secret
            is a passphrase, a PIN, a token or an access key, and only files use
            ``cost``.
        open: Unlocks one; without a URI it is where its file says.
    """

    uri: str
    create: _Create
    open: _Open


def _create_file(
    path: Path,
    secret: Secret,
    *,
    name: str,
    uri: str,
    cost: Cost | None,
    random: Random,
) -> KeyCustodian:
    from strongroom.crypto.custody.file import FileCustodian

    del uri
    return FileCustodian.create(
        path, name=name, passphrase=secret, random=random, cost=cost
    )


def _open_file(
    path: Path, secret: Secret, *, uri: str | None, random: Random
) -> KeyCustodian:
    from strongroom.crypto.custody.file import FileCustodian

    del uri
    return FileCustodian.open(path, secret, random=random)


def _create_pkcs11(
    path: Path,
    secret: Secret,
    *,
    name: str,
    uri: str,
    cost: Cost | None,
    random: Random,
) -> KeyCustodian:
    from strongroom.crypto.custody.pkcs11 import Pkcs11Custodian
    from strongroom.crypto.token_uri import TokenUri

    del cost
    return Pkcs11Custodian.create(
        path, name=name, uri=TokenUri.from_text(uri), pin=secret, random=random
    )


def _open_pkcs11(
    path: Path, secret: Secret, *, uri: str | None, random: Random
) -> KeyCustodian:
    from strongroom.crypto.custody.pkcs11 import Pkcs11Custodian
    from strongroom.crypto.token_uri import TokenUri

    where = None if uri is None else TokenUri.from_text(uri)
    return Pkcs11Custodian.open(path, secret, uri=where, random=random)


def _create_transit(
    path: Path,
    secret: Secret,
    *,
    name: str,
    uri: str,
    cost: Cost | None,
    random: Random,
) -> KeyCustodian:
    from strongroom.crypto.custody.transit import TransitCustodian
    from strongroom.crypto.transit import TransitUri

    del cost
    return TransitCustodian.create(
        path, name=name, uri=TransitUri.from_text(uri), token=secret, random=random
    )


def _open_transit(
    path: Path, secret: Secret, *, uri: str | None, random: Random
) -> KeyCustodian:
    from strongroom.crypto.custody.transit import TransitCustodian
    from strongroom.crypto.transit import TransitUri

    del random
    where = None if uri is None else TransitUri.from_text(uri)
    return TransitCustodian.open(path, secret, uri=where)


def _create_aws_kms(
    path: Path,
    secret: Secret,
    *,
    name: str,
    uri: str,
    cost: Cost | None,
    random: Random,
) -> KeyCustodian:
    from strongroom.crypto.aws_kms_uri import AwsKmsUri
    from strongroom.crypto.custody.aws_kms import AwsKmsCustodian

    del cost
    return AwsKmsCustodian.create(
        path, name=name, uri=AwsKmsUri.from_text(uri), login=secret, random=random
    )


def _open_aws_kms(
    path: Path, secret: Secret, *, uri: str | None, random: Random
) -> KeyCustodian:
    from strongroom.crypto.aws_kms_uri import AwsKmsUri
    from strongroom.crypto.custody.aws_kms import AwsKmsCustodian

    del random
    where = None if uri is None else AwsKmsUri.from_text(uri)
    return AwsKmsCustodian.open(path, secret, uri=where)


CUSTODIANS: Mapping[str, CustodianScheme] = {
    "file": CustodianScheme(uri="file:PATH", create=_create_file, open=_open_file),
    "pkcs11": CustodianScheme(
        uri="pkcs11:token=LABEL?module-path=SO",
        create=_create_pkcs11,
        open=_open_pkcs11,
    ),
    "transit": CustodianScheme(
        uri="transit:https://HOST/MOUNT/KEY",
        create=_create_transit,
        open=_open_transit,
    ),
    "aws-kms": CustodianScheme(
        uri="aws-kms:REGION/KEY", create=_create_aws_kms, open=_open_aws_kms
    ),
}
"""Custodians that are unlocked in this process."""

ELSEWHERE = "unix"
"""Scheme of a custodian that runs as a process of its own."""


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


def _folder(path: Path) -> BlobStore:
    from strongroom.stores.folder import FolderStore

    return FolderStore(path)


def _memory(path: Path) -> BlobStore:
    from strongroom.stores.memory import MemoryStore

    del path
    return MemoryStore()


STORES: Mapping[str, Callable[[Path], BlobStore]] = {
    "folder": _folder,
    "memory": _memory,
}


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
