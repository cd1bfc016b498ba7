"""An answer is recorded once, with what proved it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from strongroom.access.answers import Proof
from strongroom.access.sessions import Actor
from strongroom.errors import ConflictError, DeniedError
from strongroom.types import AccountId, Factor, Role
from tests.access.rooms import Rooms
from tests.access.test_tally import House, house, sign

__all__ = ["house"]

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


def test_nobody_signs_twice(house: House) -> None:
    request = house.ask()
    sign(house, house.cy, house.cys, request)

    with pytest.raises(ConflictError, match="answered"):
        sign(house, house.cy, house.cys, request)


def test_without_a_signature_the_session_is_the_proof() -> None:
    actor = Actor(account=AccountId("a"), factor=Factor.TOTP, factor_at=NOW)
    proof = Proof.of_session(actor)

    assert proof.facts() == {"signed": False}
    assert (proof.factor, proof.factor_at) == (Factor.TOTP, NOW)


def test_who_has_no_passkey_cannot_sign(rooms: Rooms) -> None:
    house = House(rooms)
    eve = rooms.actor("eve", Role.APPROVER, team="beta")

    with pytest.raises(DeniedError, match="no passkey"):
        rooms.approvals.begin_approval(eve, house.ask())
