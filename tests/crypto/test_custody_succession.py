"""A custodian that follows another one knows its room before anybody asks."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from strongroom.crypto.custody.memory import MemoryCustodian
from strongroom.crypto.custody_pin import Pin, PinFile
from strongroom.crypto.custody_succession import succeed
from strongroom.errors import DeniedError, InputError, SetupError
from strongroom.types import RoomId
from tests.contracts.histories import anchor, verify_extension
from tests.contracts.releases import identifier
from tests.contracts.served import PIN

OTHER = Pin(room=RoomId(identifier("room", 9)), verifier=PIN.verifier)


def custodian(name: str = "weights") -> MemoryCustodian:
    """Return a new custodian."""
    return MemoryCustodian(name, random=os.urandom)


@pytest.fixture
def pins(tmp_path: Path) -> tuple[PinFile, PinFile]:
    """Give where the two keep their rooms; the former one has one."""
    new, former = (PinFile(tmp_path / x, random=os.urandom) for x in ("b", "a"))
    former.write(PIN)
    return new, former


def test_it_gets_the_room_and_the_newest_ledger(pins: tuple[PinFile, PinFile]) -> None:
    new, former = custodian(), custodian()
    former.advance(anchor("abc"), verify_extension)

    succeed(new, pins[0], former, pins[1])

    assert pins[0].read() == PIN
    assert new.anchor() == anchor("abc")
    former.advance(anchor("abcd"), verify_extension)
    succeed(new, pins[0], former, pins[1])  # started anew, nothing is set back
    assert new.anchor() == anchor("abc")


def test_one_that_serves_another_room_takes_over_nothing(
    pins: tuple[PinFile, PinFile],
) -> None:
    """Else whoever pins the new one first would have shares moved into their room."""
    pins[0].write(OTHER)
    with pytest.raises(DeniedError, match="two rooms"):
        succeed(custodian(), pins[0], custodian(), pins[1])


def test_it_is_told_what_the_former_one_learnt_of_second_signatures(
    pins: tuple[PinFile, PinFile],
) -> None:
    """Else checkpoints with one signature would do again after a rotation."""
    new, former = custodian(), custodian()
    succeed(new, pins[0], former, pins[1])
    pins[1].replace(replace(PIN, second="a key", above=5))

    succeed(new, pins[0], former, pins[1])

    assert pins[0].read() == replace(PIN, second="a key", above=5)
    pins[1].replace(PIN)
    succeed(new, pins[0], former, pins[1])
    assert pins[0].read() == replace(PIN, second="a key", above=5)


def test_a_former_one_without_a_room_is_not_followed(tmp_path: Path) -> None:
    new, former = (PinFile(tmp_path / x, random=os.urandom) for x in "ba")
    with pytest.raises(SetupError, match="has no room"):
        succeed(custodian(), new, custodian(), former)
    assert new.read() is None


def test_domains_are_not_mixed_and_nobody_follows_themselves(
    pins: tuple[PinFile, PinFile],
) -> None:
    one = custodian()
    with pytest.raises(InputError, match="weights cannot follow biases"):
        succeed(one, pins[0], custodian("biases"), pins[1])
    with pytest.raises(InputError):
        succeed(one, pins[0], one, pins[1])
    assert pins[0].read() is None
