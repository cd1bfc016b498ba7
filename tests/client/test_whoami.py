"""Who acts, as decisions read it."""

from __future__ import annotations

import pytest

from strongroom.client.client import Strongroom
from strongroom.client.whoami import whoami
from strongroom.errors import DeniedError
from strongroom.types import Factor, Role
from tests.journeys.rooms import House


def test_a_session_says_who_until_when_and_how_it_was_proved(house: House) -> None:
    ana = house.by("ana")
    found = whoami(ana.room, ana.actor)

    assert found.profiled.account.name == "ana"
    assert found.profiled.account.roles == (Role.RESEARCHER,)
    assert found.session is not None
    assert found.session.factor is Factor.TOTP
    assert (found.has_code, found.passkeys) == (True, 0)
    assert found.fresh_until is not None
    assert found.session.factor_at is not None
    age = found.fresh_until - found.session.factor_at
    assert age == ana.room.gate.terms.administration.second_factor_max_age


def test_a_passphrase_is_no_session(solo_room: Strongroom) -> None:
    found = whoami(solo_room.room, solo_room.actor)

    assert (found.session, found.fresh_until) == (None, None)
    assert (found.has_code, found.passkeys) == (False, 0)


def test_whose_session_ended_is_nobody(house: House) -> None:
    ana = house.by("ana")
    ana.logout()
    with pytest.raises(DeniedError):
        whoami(ana.room, ana.actor)
