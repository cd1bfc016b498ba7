"""Each method asks the authenticator once, and binds nothing that was not proved."""

from __future__ import annotations

import pytest

from strongroom.client.client import Strongroom
from strongroom.errors import DeniedError
from strongroom.types import Factor
from tests.authenticator import SoftAuthenticator
from tests.journeys.rooms import PASSWORD


@pytest.fixture
def key() -> SoftAuthenticator:
    return SoftAuthenticator(origin="http://localhost")


def test_a_passkey_registers_logs_in_proves_again_and_ends(
    solo_room: Strongroom, key: SoftAuthenticator
) -> None:
    passkey = solo_room.passkeys.add(key, label="blue")
    bound, session, _ = solo_room.login("me", PASSWORD, authenticator=key)
    again = bound.passkeys.step_up(key)

    assert session.factor is Factor.PASSKEY
    assert (again.session, again.factor) == (session.id, Factor.PASSKEY)
    assert [k.label for k in bound.passkeys.listed()] == ["blue"]
    assert solo_room.passkeys.remove(passkey.name).state == "removed"
    with pytest.raises(DeniedError):
        solo_room.login("me", PASSWORD, authenticator=key)


def test_a_session_of_no_login_is_not_proved_again(
    solo_room: Strongroom, key: SoftAuthenticator
) -> None:
    solo_room.passkeys.add(key, label="blue")

    with pytest.raises(DeniedError, match="no session"):
        solo_room.passkeys.step_up(key)
