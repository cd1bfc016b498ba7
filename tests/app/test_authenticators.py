"""A room without a place for passkeys, or a machine without a key, says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.access.authenticators.program import ProgramAuthenticator
from strongroom.app.authenticators import open_authenticator
from strongroom.errors import InputError, SetupError, StrongroomError, UnavailableError
from strongroom.settings import Domain, RelyingParty, Settings
from strongroom.types import Profile, RoomId, Secret


def settings(party: RelyingParty | None) -> Settings:
    return Settings(
        folder=Path(),
        room=RoomId("room-a"),
        profile=Profile.SOLO,
        database="sqlite+pysqlite:///room.db",
        keys={},
        domains=(Domain(name="home", custodian="file:c", store="folder:s"),),
        passkeys=party,
    )


def opened(party: RelyingParty | None, program: str | None) -> object:
    return open_authenticator(
        settings(party), program, pin=lambda: Secret(b""), say=lambda _: None
    )


HERE = RelyingParty.at("localhost")


def test_a_program_is_asked_as_its_command_line_says() -> None:
    assert isinstance(opened(HERE, "ssh desk 'a program'"), ProgramAuthenticator)


@pytest.mark.parametrize("program", ["", "   ", "'no end"])
def test_a_command_line_that_is_none_is_refused(program: str) -> None:
    with pytest.raises(InputError, match="no command line"):
        opened(HERE, program)


def test_a_room_without_passkeys_has_no_authenticator() -> None:
    with pytest.raises(SetupError, match="passkeys"):
        opened(None, "program")


def test_a_machine_without_a_key_says_what_would_help() -> None:
    """There is none where tests run; a reader of USB may be absent too."""
    with pytest.raises(StrongroomError) as caught:
        opened(HERE, None)

    assert isinstance(caught.value, SetupError | UnavailableError)
    assert "server" in f"{caught.value} {caught.value.hint}"
