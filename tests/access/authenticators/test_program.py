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


def test_it_is_asked_one_question_with_where_it_is(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    key = program("tee", str(heard))

    assert json.loads(key.create('{"a": 1}')) == json.loads(heard.read_text())
    assert json.loads(heard.read_text()) == {
        "origin": "https://rooms.example",
        "create": {"a": 1},
    }
    assert json.loads(key.get("{}")) == {"origin": "https://rooms.example", "get": {}}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["/nowhere/at-all"], "/nowhere/at-all: No such file or directory"),
        (["false"], "false gave no answer"),
        (["head", "-c", "32769", "/dev/zero"], "head gave no answer"),
    ],
)
def test_what_went_wrong_is_said_of_the_program(command: list[str], said: str) -> None:
    with pytest.raises(UnavailableError) as refused:
        program(*command).get("{}")
    assert str(refused.value) == said


def test_the_longest_answer_is_taken_and_no_text_is_no_crash() -> None:
    assert program("head", "-c", "32768", "/dev/zero").get("{}") == "\x00" * 32768
    assert program("printf", "\\377").get("{}") == "\ufffd"
