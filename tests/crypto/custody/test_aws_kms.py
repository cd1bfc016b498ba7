"""A custodian in AWS KMS, beyond the contract: opened again, and what goes wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from strongroom.crypto.aws_kms import AwsKmsKey
from strongroom.crypto.aws_kms_uri import AwsKmsUri, Login
from strongroom.crypto.custody.aws_kms import AWS_KMS
from strongroom.crypto.custody.transit import TRANSIT
from strongroom.crypto.held_key import HeldKeyCustodian
from strongroom.crypto.token_file import read_token_file, scheme_in
from strongroom.errors import (
    ConflictError,
    DeniedError,
    IntegrityError,
    MissingError,
    SetupError,
    UnavailableError,
)
from strongroom.types import Secret
from tests import kms
from tests.contracts.histories import anchor, verify_extension

SHARE = Secret(bytes(range(32)))


def create(path: Path, uri: AwsKmsUri) -> HeldKeyCustodian:
    return AWS_KMS.create(
        path, name="weights", uri=str(uri), secret=kms.LOGIN, random=os.urandom
    )


def open_(path: Path, secret: Secret = kms.LOGIN, uri: str = "") -> HeldKeyCustodian:
    return AWS_KMS.open(path, secret, uri=uri, random=os.urandom)


def test_it_is_opened_again_with_its_anchor(kms_port: int, tmp_path: Path) -> None:
    path, uri = tmp_path / "weights", kms.uri(kms_port)
    first = create(path, uri)
    wrapped = first.wrap(SHARE, b"place")
    first.advance(anchor("ab"), verify_extension)
    again = open_(path)

    assert (again.name, again.root_key_id) == (first.name, first.root_key_id)
    assert again.anchor() == anchor("ab")
    assert (
        again.unwrap(
            wrapped, b"place", anchor=anchor("abc"), verify_extension=verify_extension
        )
        == SHARE
    )
    assert read_token_file(path, AwsKmsUri).uri == uri
    assert scheme_in(path.read_bytes()) == "aws-kms"
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConflictError):
        create(path, uri)


def test_another_key_under_its_name_does_not_open_it(
    kms_port: int, tmp_path: Path
) -> None:
    """An alias can be moved by whoever may; the anchor key then does not open."""
    path, other = tmp_path / "weights", kms.uri(kms_port)
    create(path, kms.uri(kms_port))
    AwsKmsKey.make(other, Login.from_secret(kms.LOGIN))

    with pytest.raises(UnavailableError, match="anchor key"):
        open_(path, uri=str(other))


def test_what_is_missing_or_of_another_kind_is_said(
    kms_port: int, tmp_path: Path
) -> None:
    path = tmp_path / "weights"
    with pytest.raises(MissingError):
        open_(path)
    create(path, kms.uri(kms_port))
    with pytest.raises(MissingError):
        open_(path, uri=str(kms.uri(kms_port)))
    with pytest.raises(DeniedError, match="no access key"):
        open_(path, Secret(b"a passphrase"))
    with pytest.raises(IntegrityError, match="not a token custodian's"):
        TRANSIT.open(path, Secret(b"token"), random=os.urandom)


def test_no_key_is_made_for_a_secret_that_is_no_access_key(
    kms_port: int, tmp_path: Path
) -> None:
    uri = kms.uri(kms_port)
    with pytest.raises(DeniedError):
        AWS_KMS.create(
            tmp_path / "weights",
            name="weights",
            uri=str(uri),
            secret=Secret(b"none"),
            random=os.urandom,
        )
    create(tmp_path / "weights", uri)  # or the name would be taken
    with pytest.raises(SetupError):
        create(tmp_path / "other", uri)
