"""Adapters by the scheme of a URI: the only table that names them.

Each is imported when a room first names it.  To add one, write its adapter and a
line in its table here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from strongroom.crypto.custody.port import KeyCustodian
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
        create: Makes one, with a new root key and its file.
        open: Unlocks one.
    """

    uri: str
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


def _create_pkcs11(wanted: Wanted) -> KeyCustodian:
    from strongroom.crypto.custody.pkcs11 import Pkcs11Custodian
    from strongroom.crypto.token_uri import TokenUri

    return Pkcs11Custodian.create(
        wanted.path,
        name=wanted.name,
        uri=TokenUri.from_text(wanted.uri),
        pin=wanted.secret,
        random=wanted.random,
    )


def _open_pkcs11(wanted: Wanted) -> KeyCustodian:
    from strongroom.crypto.custody.pkcs11 import Pkcs11Custodian
    from strongroom.crypto.token_uri import TokenUri

    where = TokenUri.from_text(wanted.uri) if wanted.uri else None
    return Pkcs11Custodian.open(
        wanted.path, wanted.secret, uri=where, random=wanted.random
    )


def _create_transit(wanted: Wanted) -> KeyCustodian:
    from strongroom.crypto.custody.transit import TransitCustodian
    from strongroom.crypto.transit import TransitUri

    return TransitCustodian.create(
        wanted.path,
        name=wanted.name,
        uri=TransitUri.from_text(wanted.uri),
        token=wanted.secret,
        random=wanted.random,
    )


def _open_transit(wanted: Wanted) -> KeyCustodian:
    from strongroom.crypto.custody.transit import TransitCustodian
    from strongroom.crypto.transit import TransitUri

    where = TransitUri.from_text(wanted.uri) if wanted.uri else None
    return TransitCustodian.open(wanted.path, wanted.secret, uri=where)


def _create_aws_kms(wanted: Wanted) -> KeyCustodian:
    from strongroom.crypto.aws_kms_uri import AwsKmsUri
    from strongroom.crypto.custody.aws_kms import AwsKmsCustodian

    return AwsKmsCustodian.create(
        wanted.path,
        name=wanted.name,
        uri=AwsKmsUri.from_text(wanted.uri),
        login=wanted.secret,
        random=wanted.random,
    )


def _open_aws_kms(wanted: Wanted) -> KeyCustodian:
    from strongroom.crypto.aws_kms_uri import AwsKmsUri
    from strongroom.crypto.custody.aws_kms import AwsKmsCustodian

    where = AwsKmsUri.from_text(wanted.uri) if wanted.uri else None
    return AwsKmsCustodian.open(wanted.path, wanted.secret, uri=where)


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
