"""The line at the next use of a room, in a room of one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.terminal import PASSWORD, Terminal


@pytest.fixture
def waiting(solo: Terminal, model: Path, quick: Path) -> str:
    """Ask for a restricted model from somewhere else; return the permit's id."""
    solo.ok("seal", model, "--as", "llm", "--class", "restricted")
    thief = Terminal(folder=solo.folder, runtime=quick / "thief")
    thief.runtime.mkdir(mode=0o700)
    return str(thief.ok("request", "llm", "--purpose", "look")["permit"])


@pytest.mark.parametrize("words", [("model", "list"), ("seal", "model")])
def test_each_command_says_what_waits_and_how_to_stop_it(
    solo: Terminal, waiting: str, model: Path, words: tuple[str, ...]
) -> None:
    place = [
        model if word == "model" and words[0] == "seal" else word for word in words
    ]

    said = solo.run(*place).err

    first, second = said.splitlines()[:2]
    assert first.startswith("me asked for llm; it opens from ")
    assert second == f"  not you? strongroom revoke {waiting[:15]}"
    assert len(first) < 80


def test_each_command_tells_it_to_programs_too(solo: Terminal, waiting: str) -> None:
    """With ``--json`` a thief's request was told by ``login`` alone."""
    done = solo.run("request", "llm", "--segment", "none", "--purpose", "x", "--json")

    note, refusal = (json.loads(line) for line in done.err.splitlines())
    assert note["waiting"]["permit"] == waiting
    assert note["note"].startswith("me asked for llm; it opens from ")
    assert refusal["status"] == done.status == 66


def test_it_stops_once_it_is_revoked(solo: Terminal, waiting: str) -> None:
    solo.ok("revoke", waiting)

    assert solo.run("model", "list").err == ""


def test_a_login_tells_it_to_programs(solo: Terminal, waiting: str) -> None:
    done = solo.ok("login", "me", "--password-file", "-", stdin=PASSWORD + "\n")

    (told,) = done["waiting"]
    assert told["permit"] == waiting
    assert told["opens"] > told["asked"]


def test_asking_says_from_when_it_opens(solo: Terminal, model: Path) -> None:
    solo.ok("seal", model, "--as", "llm", "--class", "restricted")

    done = solo.run("open", "llm", "--purpose", "look")

    assert done.status == 77
    assert " opens from " in done.err
    assert "type: strongroom open permit-" in done.err


def test_in_solo_a_login_that_ended_is_forgotten(solo: Terminal) -> None:
    """Nothing worked any more until somebody logged in again."""
    solo.ok("login", "me", "--password-file", "-", stdin=PASSWORD + "\n")
    (token,) = (solo.runtime / "strongroom").glob("*.token")
    token.write_bytes(b"a token that the room does not know")

    assert solo.run("model", "list").status == 0
    assert not token.exists()
