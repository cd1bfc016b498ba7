"""A custodian in a token, beyond the contract: opened again, and what goes wrong."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from strongroom.crypto.anchor_file import anchor_path
from strongroom.crypto.custody.pkcs11 import PKCS11
from strongroom.crypto.held_key import HeldKeyCustodian
from strongroom.crypto.token_file import read_token_file
from strongroom.crypto.token_uri import TokenUri
from strongroom.errors import (
    ConflictError,
    DeniedError,
    InputError,
    IntegrityError,
    MissingError,
    UnavailableError,
)
from strongroom.types import Secret
from tests.contracts.histories import anchor, verify_extension
from tests.softhsm import PIN, SoftHsm

SHARE = Secret(bytes(range(32)))


def create(path: Path, uri: TokenUri) -> HeldKeyCustodian:
    return PKCS11.create(
        path, name="weights", uri=str(uri), secret=PIN, random=os.urandom
    )


def unwrap(custodian: HeldKeyCustodian, wrapped: bytes, word: str) -> Secret:
    return custodian.unwrap(
        wrapped, b"place", anchor=anchor(word), verify_extension=verify_extension
    )


def test_it_is_opened_again_with_its_anchor(hsm: SoftHsm, tmp_path: Path) -> None:
    path = tmp_path / "weights"
    first = create(path, hsm.new_token())
    wrapped = first.wrap(SHARE, b"place")
    first.advance(anchor("abc"), verify_extension)
    hsm.begin_anew()
    again = PKCS11.open(path, PIN, random=os.urandom)

    assert (again.name, again.root_key_id) == (first.name, first.root_key_id)
    assert again.anchor() == anchor("abc")
    assert unwrap(again, wrapped, "abcd") == SHARE


def test_a_wrong_pin_does_not_open_it(hsm: SoftHsm, tmp_path: Path) -> None:
    path = tmp_path / "weights"
    create(path, hsm.new_token())
    hsm.begin_anew()

    with pytest.raises(DeniedError):
        PKCS11.open(path, Secret(b"wrong 123"), random=os.urandom)


def test_a_secret_that_is_no_small_one_is_not_given_to_the_token(
    hsm: SoftHsm, tmp_path: Path
) -> None:
    custodian = create(tmp_path / "weights", hsm.new_token())
    with pytest.raises(InputError, match="not wrapped"):
        custodian.wrap(Secret(bytes((64 << 10) + 1)), b"place")


def test_nothing_is_left_in_the_token_when_it_cannot_be_made(
    hsm: SoftHsm, tmp_path: Path
) -> None:
    uri = hsm.new_token()
    with pytest.raises(UnavailableError):
        create(tmp_path / "no folder" / "weights", uri)
    create(tmp_path / "weights", uri)
    with pytest.raises(ConflictError, match="custodian at"):
        create(tmp_path / "weights", replace(uri, object="other"))
    with pytest.raises(ConflictError, match="has a key"):
        create(tmp_path / "second", uri)


def test_another_token_of_that_label_does_not_pass(
    hsm: SoftHsm, tmp_path: Path
) -> None:
    path = tmp_path / "weights"
    create(path, hsm.new_token())
    other = hsm.new_token()
    create(tmp_path / "other", other)

    with pytest.raises(MissingError, match="0 keys"):
        PKCS11.open(path, PIN, uri=str(other), random=os.urandom)


def test_a_token_pulled_out_in_the_middle_is_told_from_an_altered_wrap(
    hsm: SoftHsm, tmp_path: Path
) -> None:
    """A wrong tag and a broken device are one error of the token's; not ours.

    The anchor has moved by then, as it must: it is stored before a key is used.
    """
    custodian = create(tmp_path / "weights", hsm.new_token())
    wrapped = custodian.wrap(SHARE, b"place")
    with pytest.raises(IntegrityError, match="altered"):
        unwrap(custodian, wrapped[:-1] + bytes([wrapped[-1] ^ 1]), "a")
    away = hsm.tokens.with_name("away")
    hsm.tokens.rename(away)
    try:
        with pytest.raises(UnavailableError):
            unwrap(custodian, wrapped, "ab")
    finally:
        away.rename(hsm.tokens)
    hsm.begin_anew()
    again = PKCS11.open(tmp_path / "weights", PIN, random=os.urandom)

    assert again.anchor() == anchor("ab")
    assert unwrap(again, wrapped, "ab") == SHARE


def test_an_altered_file_beside_the_token_is_refused(
    hsm: SoftHsm, tmp_path: Path
) -> None:
    path = tmp_path / "weights"
    create(path, hsm.new_token())
    file = read_token_file(path, TokenUri)
    path.write_bytes(replace(file, anchor_key=bytes(60)).to_bytes())

    with pytest.raises(UnavailableError, match="anchor key"):
        PKCS11.open(path, PIN, random=os.urandom)


def test_an_anchor_that_is_gone_or_altered_is_refused(
    hsm: SoftHsm, tmp_path: Path
) -> None:
    path = tmp_path / "weights"
    create(path, hsm.new_token())
    anchor_path(path).write_bytes(bytes(anchor_path(path).stat().st_size))
    with pytest.raises(IntegrityError):
        PKCS11.open(path, PIN, random=os.urandom)
    anchor_path(path).unlink()
    with pytest.raises(IntegrityError, match="gone"):
        PKCS11.open(path, PIN, random=os.urandom)
