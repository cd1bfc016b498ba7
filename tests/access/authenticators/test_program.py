"""A program is asked once, and everything but an answer is an unavailable key."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from strongroom.access.assertions import parse_assertion, verify_registration
from strongroom.access.authenticators.program import ProgramAuthenticator
from strongroom.errors import UnavailableError
from strongroom.settings import RelyingParty
from tests.authenticator import text_of

PARTY = RelyingParty.at("rooms.example")
CREATE = json.dumps({"rp": {"id": PARTY.domain}, "challenge": text_of(bytes(32))})


def program(*command: str) -> ProgramAuthenticator:
    return ProgramAuthenticator(command, origin=PARTY.origins[0])


def test_a_passkey_that_it_made_signs_later(tmp_path: Path) -> None:
    key = program(sys.executable, "-m", "tests.authenticator", str(tmp_path / "keys"))
    made = verify_registration(key.create(CREATE), challenge=bytes(32), party=PARTY)
    asked = {
        "challenge": text_of(bytes(32)),
        "rpId": PARTY.domain,
        "allowCredentials": [{"id": text_of(made.credential)}],
    }

    assert parse_assertion(key.get(json.dumps(asked))).credential == made.credential


@pytest.mark.parametrize(
    "command",
    [
        ["/nowhere/at-all"],
        ["false"],
        ["head", "-c", "100000", "/dev/zero"],
    ],
    ids=["absent", "fails", "talks too long"],
)
def test_a_program_that_gives_no_answer_is_unavailable(command: list[str]) -> None:
    with pytest.raises(UnavailableError):
        program(*command).get("{}")
