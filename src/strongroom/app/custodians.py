"""Custodians outside of a room: made, listed, opened, served."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from strongroom.app.schemes import Wanted, custodian_scheme, scheme_of
from strongroom.client.client import Strongroom
from strongroom.crypto import token_login
from strongroom.crypto.custody.file import FileCustodian
from strongroom.crypto.custody.port import KeyCustodian
from strongroom.crypto.custody_file import read_private
from strongroom.crypto.custody_pin import PinFile
from strongroom.crypto.custody_server import CustodyServer
from strongroom.crypto.custody_service import CustodyService
from strongroom.crypto.custody_succession import succeed
from strongroom.crypto.custody_trust import TrustFile
from strongroom.crypto.passphrases import Cost
from strongroom.crypto.token_file import scheme_in
from strongroom.errors import SetupError
from strongroom.permits.evidence import LedgerReferee
from strongroom.settings import load_settings
from strongroom.types import Random, Secret


def make_custodian(
    path: Path,
    *,
    name: str,
    token: str | None,
    secret: Secret,
    cost: Cost | None = None,
    random: Random = os.urandom,
) -> KeyCustodian:
    """Make a custodian of its own, in a file, a token or a service; return it.

    Args:
        path: Where its file goes; its folder exists.
        name: The custody domain that it will be.
        token: URI of a token or service; a passphrase file if ``None``.
        secret: The passphrase, the PIN, the token or the access key.
        cost: Of guessing a passphrase; ``Cost()`` unless given.
        random: Gives the root key, ids, salt and nonces.

    Raises:
        ConflictError: There is one at ``path``, or the token has such a key.
        DeniedError: The token refuses the PIN.
        InputError: Name, passphrase or URI are not usable.
        MissingError: There is no such token.
        SetupError: The token or its library is of no use.
        UnavailableError: It cannot be written.
    """
    scheme = "file" if token is None else scheme_of(token)[0]
    return custodian_scheme(scheme).create(
        Wanted(
            path=path,
            secret=secret,
            random=random,
            uri=token or "",
            name=name,
            cost=cost,
        )
    )


def open_custodian_file(
    path: Path, secret: Secret, *, random: Random = os.urandom
) -> KeyCustodian:
    """Return the custodian whose file this is, unlocked.

    Raises:
        DeniedError: The passphrase or PIN is wrong.
        IntegrityError: A file was altered.
        MissingError: There is no such file or token.
        SetupError: Others may read the file, or the token is of no use.
        UnavailableError: It does not answer.
    """
    scheme = scheme_in(read_private(path)) or "file"
    wanted = Wanted(path=path, secret=secret, random=random)
    return custodian_scheme(scheme).open(wanted)


def serve_custodian(
    path: Path,
    secret: Secret,
    *,
    socket: Path,
    allowed: Collection[int],
    former: tuple[Path, Secret] | None = None,
    random: Random = os.urandom,
) -> CustodyServer:
    """Return a server for the custodian of this file; nobody is answered yet.

    Args:
        path: Of the custodian's file.
        secret: Its passphrase, or the PIN of its token.
        socket: Where it will listen.
        allowed: Users that are answered.
        former: File and passphrase of the custodian that it takes over from.
        random: Gives nonces.

    Raises:
        ConflictError: Somebody listens there.
        DeniedError: The passphrase or PIN is wrong, or the former one serves another
            room.
        InputError: The former one is of another domain, or the same.
        IntegrityError: A file was altered.
        MissingError: There is no such file or token.
        SetupError: Others may read the file, or the token is of no use.
        UnavailableError: The socket cannot be made.
    """
    custodian = open_custodian_file(path, secret, random=random)
    pins = PinFile(path, random=random)
    leaving: KeyCustodian | None = None
    if former is not None:
        leaving = open_custodian_file(*former, random=random)
        succeed(custodian, pins, leaving, PinFile(former[0], random=random))
    service = CustodyService(
        custodian,
        pins,
        LedgerReferee,
        trusted=TrustFile(path, random=random).read,
        former=leaving,
    )
    return CustodyServer(socket, service, allowed=allowed)


def trust_recovery_key(path: Path, key: str, *, random: Random = os.urandom) -> None:
    """Let a custodian wrap its shares to a recovery key, instead of a former one.

    Args:
        path: Of the custodian's file.
        key: Id of the recovery key, as a paper says it.
        random: Gives the name of a temporary file.

    Raises:
        InputError: It is not the id of a recovery key.
        MissingError: There is no custodian at ``path``.
        SetupError: Others may read the file.
        UnavailableError: It cannot be read or written.
    """
    read_private(path)
    TrustFile(path, random=random).write(key)


def list_tokens(module: str) -> list[tuple[str, str]]:
    """Return label and serial of each token that a vendor's library sees.

    Raises:
        SetupError: ``python-pkcs11`` or the library cannot be loaded.
        UnavailableError: It does not answer.
    """
    return token_login.tokens(module)


def change_passphrase(
    room: Strongroom,
    domain: str,
    *,
    old: Secret,
    new: Secret,
    cost: Cost | None = None,
) -> Path:
    """Give the file of a domain's custodian another passphrase; return the file.

    The root key stays the same: an older copy of the file opens with the older
    passphrase still.  The entry comes first, as for everything that leaves the
    database.

    Raises:
        InputError: There is no such domain, or the new passphrase is not usable.
        DeniedError: The actor may not manage keys, or the old passphrase is wrong.
        SetupError: The custodian is no file of the room.
        UnavailableError: It cannot be read or written.
    """
    settings = load_settings(room.room.settings.folder)
    room.room.upkeep.rotation.verify_allowed(room.actor, domain)
    uri = next(one.custodian for one in settings.domains if one.name == domain)
    scheme, rest = scheme_of(uri)
    if scheme != "file":
        raise SetupError(
            f"the custodian of {domain} is {uri}, which has no passphrase here",
            hint="change the PIN where the token is, or the token of the service",
        )
    path, random = settings.folder / rest, room.room.random
    FileCustodian.open(path, old, random=random)
    room.room.upkeep.rotation.record_passphrase(room.actor, domain)
    FileCustodian.change_passphrase(path, old=old, new=new, random=random, cost=cost)
    return path
