"""Custodians outside of a room: made, opened again by what their file says."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.app.custodians import (
    list_tokens,
    make_custodian,
    open_custodian_file,
    serve_custodian,
)
from strongroom.errors import ConflictError, DeniedError, MissingError
from strongroom.types import Secret
from tests.journeys.rooms import CHEAP, PASSPHRASE
from tests.softhsm import PIN, SoftHsm


def test_one_in_a_file_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    made = make_custodian(
        path, name="weights", token=None, secret=PASSPHRASE, cost=CHEAP
    )
    again = open_custodian_file(path, PASSPHRASE)

    assert (again.name, again.root_key_id) == ("weights", made.root_key_id)
    with pytest.raises(DeniedError):
        open_custodian_file(path, Secret(b"another"))
    with pytest.raises(ConflictError):
        make_custodian(path, name="weights", token=None, secret=PASSPHRASE, cost=CHEAP)


def test_one_in_a_token_is_opened_again(hsm: SoftHsm, tmp_path: Path) -> None:
    path, uri = tmp_path / "weights", hsm.new_token()
    made = make_custodian(path, name="weights", token=str(uri), secret=PIN)
    hsm.begin_anew()
    again = open_custodian_file(path, PIN)

    assert (again.name, again.root_key_id) == ("weights", made.root_key_id)
    assert uri.token in {label for label, _ in list_tokens(hsm.library)}


def test_one_that_is_not_there_is_not_served(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        serve_custodian(
            tmp_path / "absent", PASSPHRASE, socket=tmp_path / "s", allowed=(0,)
        )
    assert not (tmp_path / "s").exists()
