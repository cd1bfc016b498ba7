"""Whose room a custodian serves: written once, read as written."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from strongroom.crypto.custody_pin import Pin, PinFile
from strongroom.errors import ConflictError, IntegrityError, SetupError
from strongroom.types import RoomId

PIN = Pin(room=RoomId("room-a"), verifier="strongroom.local/room-a+00000000+AQ==")


def test_it_is_kept_once(tmp_path: Path) -> None:
    file = PinFile(tmp_path / "weights", random=os.urandom)

    assert file.read() is None
    file.write(PIN)
    assert file.read() == PIN
    assert (tmp_path / "weights.pin").stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConflictError):
        file.write(PIN)


def test_what_signatures_it_demands_is_kept_in_a_form_of_its_own(
    tmp_path: Path,
) -> None:
    file = PinFile(tmp_path / "weights", random=os.urandom)
    file.write(PIN)
    assert b"custody-pin/v1" in PIN.to_bytes()
    changed = replace(PIN, second="strongroom.local/room-a+11111111+/w==", above=9)

    file.replace(changed)

    assert file.read() == changed
    assert changed.is_of(PIN)
    assert not changed.is_of(replace(PIN, verifier="another"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b" " * 5000,
        PIN.to_bytes() + b" ",
        PIN.to_bytes().replace(b"v1", b"v2", 1),
        replace(PIN, above=3).to_bytes().replace(b"v2", b"v1", 1),
        replace(PIN, above=3).to_bytes().replace(b":3", b":0", 1),
        replace(PIN, above=1).to_bytes().replace(b":1,", b":true,", 1),
        replace(PIN, above=3).to_bytes().replace(b":3", b":-3", 1),
    ],
)
def test_what_is_no_pin_is_refused(tmp_path: Path, data: bytes) -> None:
    """A pin that is damaged must not pass for none: the next desk would set it."""
    path = tmp_path / "weights.pin"
    path.write_bytes(data)
    path.chmod(0o600)

    with pytest.raises(IntegrityError):
        PinFile(tmp_path / "weights", random=os.urandom).read()


def test_a_pin_that_others_can_read_is_refused(tmp_path: Path) -> None:
    PinFile(tmp_path / "weights", random=os.urandom).write(PIN)
    (tmp_path / "weights.pin").chmod(0o644)

    with pytest.raises(SetupError):
        PinFile(tmp_path / "weights", random=os.urandom).read()
