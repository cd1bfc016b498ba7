"""Custodians outside of a room: made, listed, opened, served."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from strongroom.crypto import token_login
from strongroom.crypto.custody.file import FileCustodian
from strongroom.crypto.custody.pkcs11 import Pkcs11Custodian
from strongroom.crypto.custody.port import KeyCustodian
from strongroom.crypto.custody.transit import TransitCustodian
from strongroom.crypto.custody_file import read_private
from strongroom.crypto.custody_pin import PinFile
from strongroom.crypto.custody_server import CustodyServer
from strongroom.crypto.custody_service import CustodyService
from strongroom.crypto.passphrases import Cost
from strongroom.crypto.token_file import FORMATS
from strongroom.crypto.token_uri import TokenUri
from strongroom.crypto.transit import SCHEME, TransitUri
from strongroom.permits.evidence import LedgerReferee
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
    """Make a custodian of its own, in a file or in a token, and return it.

    Args:
        path: Where its file goes; its folder exists.
        name: The custody domain that it will be.
        token: URI of a token; a passphrase file if ``None``.
        secret: The passphrase, or the PIN.
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
    if token is None:
        return FileCustodian.create(
            path, name=name, passphrase=secret, random=random, cost=cost
        )
    if token.startswith(f"{SCHEME}:"):
        service = TransitUri.from_text(token)
        return TransitCustodian.create(
            path, name=name, uri=service, token=secret, random=random
        )
    uri = TokenUri.from_text(token)
    return Pkcs11Custodian.create(path, name=name, uri=uri, pin=secret, random=random)


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
    content = read_private(path)
    for form, kind in FORMATS.items():
        if f'"format":"{form}"'.encode() not in content:
            continue
        if kind is TransitUri:
            return TransitCustodian.open(path, secret)
        return Pkcs11Custodian.open(path, secret, random=random)
    return FileCustodian.open(path, secret, random=random)


def serve_custodian(
    path: Path,
    secret: Secret,
    *,
    socket: Path,
    allowed: Collection[int],
    random: Random = os.urandom,
) -> CustodyServer:
    """Return a server for the custodian of this file; nobody is answered yet.

    Args:
        path: Of the custodian's file.
        secret: Its passphrase, or the PIN of its token.
        socket: Where it will listen.
        allowed: Users that are answered.
        random: Gives nonces.

    Raises:
        ConflictError: Somebody listens there.
        DeniedError: The passphrase or PIN is wrong.
        IntegrityError: A file was altered.
        MissingError: There is no such file or token.
        SetupError: Others may read the file, or the token is of no use.
        UnavailableError: The socket cannot be made.
    """
    custodian = open_custodian_file(path, secret, random=random)
    service = CustodyService(custodian, PinFile(path, random=random), LedgerReferee)
    return CustodyServer(socket, service, allowed=allowed)


def list_tokens(module: str) -> list[tuple[str, str]]:
    """Return label and serial of each token that a vendor's library sees.

    Raises:
        SetupError: ``python-pkcs11`` or the library cannot be loaded.
        UnavailableError: It does not answer.
    """
    return token_login.tokens(module)
