"""A witness's key file opens with its passphrase, and only as what it is."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.crypto.custody.file import FileCustodian
from strongroom.crypto.custody_file import CustodyFile
from strongroom.crypto.passphrases import Cost
from strongroom.crypto.signing import VerifyKey
from strongroom.errors import (
    ConflictError,
    DeniedError,
    InputError,
    IntegrityError,
    MissingError,
    SetupError,
    StrongroomError,
)
from strongroom.ledger.cosignature import WitnessKey
from strongroom.ledger.witness_key import create_key, is_plain, open_key
from strongroom.types import Secret
from tests.ledger import naive
from tests.ledger.witnesses import NAME

COST = Cost(memory_kib=19 * 1024, passes=2, lanes=1)
PASSPHRASE = Secret(b"a passphrase for a witness")


def key_at(path: Path, passphrase: Secret | None) -> WitnessKey:
    return create_key(
        path, name=NAME, passphrase=passphrase, random=os.urandom, cost=COST
    )


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_a_key_signs_as_its_public_half(
    passphrase: Secret | None, tmp_path: Path
) -> None:
    path = tmp_path / "key"
    public = key_at(path, passphrase)

    signer = open_key(path, public=public, passphrase=passphrase)

    VerifyKey(public.public).verify_bytes(signer.sign_bytes(b"message"), b"message")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert is_plain(path) is (passphrase is None)


def test_a_plain_key_has_the_form_that_go_writes(tmp_path: Path) -> None:
    public = key_at(tmp_path / "key", None)

    words = (tmp_path / "key").read_text().split("+", 4)

    assert words[:4] == ["PRIVATE", "KEY", NAME, public.key_id.hex()]


def test_a_wrong_passphrase_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    public = key_at(path, PASSPHRASE)

    with pytest.raises(DeniedError, match=NAME):
        open_key(path, public=public, passphrase=Secret(b"another passphrase"))
    with pytest.raises(SetupError, match="under a passphrase"):
        open_key(path, public=public, passphrase=None)


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    public = key_at(path, None)
    path.chmod(0o640)

    with pytest.raises(SetupError, match="read by others"):
        open_key(path, public=public, passphrase=None)


def test_another_witness_key_is_refused(tmp_path: Path) -> None:
    one, other = key_at(tmp_path / "one", None), key_at(tmp_path / "other", PASSPHRASE)

    with pytest.raises(IntegrityError):
        open_key(tmp_path / "one", public=other, passphrase=None)
    with pytest.raises(IntegrityError):
        open_key(tmp_path / "other", public=one, passphrase=PASSPHRASE)


@settings(max_examples=40)
@given(st.data())
def test_a_flipped_bit_anywhere_in_a_plain_key_is_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("witness") / "key"
    public = key_at(path, None)
    honest = path.read_bytes()
    path.write_bytes(
        naive.flipped(honest, data.draw(st.integers(0, 8 * len(honest) - 1)))
    )

    with pytest.raises(StrongroomError):
        open_key(path, public=public, passphrase=None)


def test_a_witness_key_is_no_root_key_of_a_custodian(tmp_path: Path) -> None:
    """The file has the same form; the seed is derived, so the key is another."""
    path = tmp_path / "key"
    public = key_at(path, PASSPHRASE)

    with pytest.raises(StrongroomError):
        FileCustodian.open(path, PASSPHRASE)
    assert public.name == NAME


def test_nothing_is_overwritten_and_nothing_missing_is_opened(tmp_path: Path) -> None:
    public = key_at(tmp_path / "key", None)

    with pytest.raises(ConflictError):
        key_at(tmp_path / "key", None)
    with pytest.raises(MissingError):
        open_key(tmp_path / "absent", public=public, passphrase=None)
    with pytest.raises(InputError):
        create_key(tmp_path / "x", name="two words", passphrase=None, random=os.urandom)


def test_a_key_is_locked_at_the_cost_that_is_asked_for(tmp_path: Path) -> None:
    key_at(tmp_path / "witness.key", PASSPHRASE)

    opened = CustodyFile.from_bytes((tmp_path / "witness.key").read_bytes())
    assert (opened.name, opened.cost) == ("witness", COST)
