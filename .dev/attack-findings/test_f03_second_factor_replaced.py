"""A stolen session with a stale factor replaces the second factor."""
import pytest
from strongroom.access.totp import code_at
from strongroom.errors import DeniedError
from tests.journeys.rooms import PASSWORD


def test_a_session_with_an_old_factor_does_not_enrol_another_phone(house):
    house.refresh("ines")
    house.clock.advance(hours=7)  # a session left open; password from a keylogger
    stolen = house.by("ines")
    with pytest.raises(DeniedError):
        begun = stolen.room.people.begin_factor(stolen.actor)
        stolen.room.people.confirm_factor("ines", code_at(begun.secret, house.clock.now), source="x")
        house.clock.advance(seconds=30)
        fresh, _, _ = house.room.login("ines", PASSWORD, code_at(begun.secret, house.clock.now))
        print("attacker now approves as ines with factor", fresh.actor.factor_at)
