"""Custodians and stores by the names that room.toml gives them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from strongroom.app import open_strongroom
from strongroom.app.adapters import open_sandbox
from strongroom.crypto.custody.file import FileCustodian
from strongroom.errors import (
    DeniedError,
    InputError,
    SetupError,
    UnavailableError,
)
from strongroom.sandboxes.bubblewrap import BubblewrapSandbox
from strongroom.settings import load_settings
from strongroom.types import Secret
from tests.app.one_person import create
from tests.contracts.served import serving
from tests.journeys.fixtures import clock, model, quick
from tests.journeys.rooms import PASSPHRASE, Clock, again

__all__ = ["clock", "model", "quick"]


def test_a_wrong_passphrase_is_refused(quick: Path) -> None:
    create(quick / "room")
    with pytest.raises(DeniedError):
        open_strongroom(quick / "room", passphrases={"*": Secret(b"something else")})


def test_an_unknown_adapter_is_named(quick: Path) -> None:
    create(quick / "room")
    path = quick / "room" / "room.toml"
    path.write_text(path.read_text().replace("folder:stores", "tape:stores"))
    with pytest.raises(SetupError, match="tape:"):
        again(quick / "room")


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("tape:custodians/home", "file:PATH or pkcs11:"),
        ("file", "no URI"),
        ("unix:custodians/s?uid=keeper", "names no user"),
        ("unix:custodians/s?user=1", "names no user"),
        ("pkcs11:token=a", "no PKCS#11 library"),
        ("pkcs11:token=a?module-path=/x.so&pin-value=1", "no PIN"),
    ],
)
def test_a_custodian_that_nobody_makes_is_explained(
    quick: Path, uri: str, said: str
) -> None:
    create(quick / "room")
    path = quick / "room" / "room.toml"
    path.write_text(path.read_text().replace("file:custodians/home", uri))

    with pytest.raises((SetupError, InputError)) as raised:
        again(quick / "room")
    assert said in f"{raised.value} {raised.value.hint}"


def test_a_sandbox_that_nobody_makes_is_explained(quick: Path) -> None:
    create(quick / "room")
    settings = load_settings(quick / "room")
    assert isinstance(open_sandbox(settings), BubblewrapSandbox)
    with pytest.raises(SetupError, match="'chroot'") as caught:
        open_sandbox(replace(settings, sandbox="chroot"))
    assert "bubblewrap" in caught.value.hint


def test_a_custodian_elsewhere_needs_no_passphrase_here(quick: Path) -> None:
    """Its home custodian too: what it does not get is a word, not a prompt."""
    create(quick / "room")
    file = quick / "room" / "custodians" / "home"
    custodian = FileCustodian.open(file, PASSPHRASE)
    path = quick / "room" / "room.toml"
    text = path.read_text()
    with serving(custodian, file) as socket:
        uri = f"unix:{socket}?uid={os.geteuid()}"
        path.write_text(text.replace("file:custodians/home", uri))
        with open_strongroom(quick / "room", passphrases={}, now=Clock()) as room:
            assert not room.room.domains["home"].custodian.gives_shares
    with pytest.raises(UnavailableError, match="no custodian answers"):
        open_strongroom(quick / "room", passphrases={}, now=Clock())
