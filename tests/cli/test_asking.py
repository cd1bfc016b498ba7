"""Asking, as people type it: what it costs is seen before it is sent."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Office
from tests.cli.keyboard import Keyboard
from tests.cli.test_requests import ASK, house

__all__ = ["house"]


def test_a_request_shows_what_it_would_cost_and_who_must_agree(house: Office) -> None:
    done = house.at("ana").run(*ASK)

    assert done.status == 0
    assert "you would hold" in done.err
    assert "waits: 2 approvals from 2 teams" in done.out


def test_a_preview_sends_nothing(house: Office) -> None:
    ana = house.at("ana")

    cost = ana.ok(*ASK, "--preview")

    assert cost["before_bytes"] == 0
    assert 0 < cost["after_bytes"] < cost["model_bytes"]
    assert ana.run("requests").out == "no request waits\n"


def test_somebody_at_a_terminal_sees_the_cost_before_it_is_sent(house: Office) -> None:
    ana = house.at("ana")
    keyboard = Keyboard(*ASK, environment=ana.variables)
    keyboard.expect("you would hold")
    keyboard.expect("Send the request? [Y/n]: ")

    keyboard.type("n")

    assert keyboard.done() == 0
    assert "nothing was sent" in keyboard.shown
    assert ana.run("requests").out == "no request waits\n"


def test_whoever_says_yes_before_is_not_asked(house: Office) -> None:
    keyboard = Keyboard(*ASK, "--yes", environment=house.at("ana").variables)

    assert keyboard.done() == 0
    assert "Send the request?" not in keyboard.shown
    assert "waits: 2 approvals" in keyboard.shown


def test_the_whole_of_a_restricted_model_is_refused_before_anybody_is_asked(
    house: Office,
) -> None:
    done = house.at("ana").run("request", "llm", "--purpose", "all of it")

    assert done.status == 77
    assert "strongroom: hint:" in done.err
    assert house.at("ines").run("requests").out == "no request waits\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--for", "soon"), "no duration"),
        (("--for", "9000h"), "lasts up to"),
        (("--bytes", "lots"), "no size"),
        (("--segment", "nope"), "no segment"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    house: Office, words: tuple[str, ...], said: str
) -> None:
    done = house.at("ana").run(*ASK, *words)

    assert done.status in {65, 66}
    assert said in done.err
