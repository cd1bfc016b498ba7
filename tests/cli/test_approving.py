"""Agreeing says what is still missing, and who may not is told why."""

from __future__ import annotations

from tests.cli.conftest import Office


def test_one_of_two_approvals_says_who_is_missing(office: Office) -> None:
    asked = office.at("root").ok("account", "add", "eve", "--team", "alpha")

    done = office.at("ines").run("approve", asked["request"])

    assert done.status == 0
    assert "you agreed to" in done.out
    assert "it is done" in done.out


def test_nobody_approves_what_they_asked_for(office: Office) -> None:
    asked = office.at("root").ok("account", "add", "eve", "--team", "alpha")

    assert office.at("root").run("approve", asked["request"]).status == 77
