"""Logging in binds the room to whoever proved it, by a code or by a passkey."""

from __future__ import annotations

import pytest

from strongroom.access.totp import code_at
from strongroom.client.client import Strongroom
from strongroom.client.logins import log_in
from strongroom.errors import DeniedError
from strongroom.types import Factor
from tests.authenticator import SoftAuthenticator
from tests.journeys.rooms import PASSWORD, House


def test_a_token_resumes_and_a_logout_ends_it(house: House) -> None:
    house.clock.advance(seconds=30)
    code = code_at(house.secrets["ana"], house.clock.now)
    bound, _, token = house.room.login("ana", PASSWORD, code)
    assert house.room.resume(token).actor == bound.actor
    bound.logout()
    with pytest.raises(DeniedError):
        bound.room.people.projects(bound.actor)


def test_the_proof_says_which_way(solo_room: Strongroom) -> None:
    key = SoftAuthenticator(origin="http://localhost")
    solo_room.passkeys.add(key, label="blue")

    session, _ = log_in(solo_room.room, "me", PASSWORD, key, source="here")

    assert session.factor is Factor.PASSKEY
    with pytest.raises(DeniedError):
        log_in(solo_room.room, "me", PASSWORD, "000000", source="here")
