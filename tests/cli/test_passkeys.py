"""A security key at the command line: registered, used, signed with, given up."""

from __future__ import annotations

import sys

import pytest

from tests.cli.conftest import Office
from tests.cli.terminal import PASSWORD, Terminal


def key_of(terminal: Terminal) -> list[str]:
    """Return the options that name somebody's security key."""
    file = terminal.runtime / "keys"
    return ["--authenticator", f"{sys.executable} -m tests.authenticator {file}"]


def login(terminal: Terminal, name: str) -> None:
    words = ["login", name, "--password-file", "-", "--passkey", *key_of(terminal)]
    assert terminal.ok(*words, stdin=f"{PASSWORD}\n")["factor"] == "passkey"


def test_a_key_is_registered_used_listed_and_given_up(solo: Terminal) -> None:
    added = solo.ok("account", "passkey", "add", "--label", "blue", *key_of(solo))
    login(solo, "me")

    (row,) = solo.run("account", "passkey", "list", "--json").rows
    assert (row["label"], row["state"], row["uses"]) == ("blue", "active", 2)
    removed = solo.ok("account", "passkey", "remove", added["passkey"])
    assert removed["state"] == "removed"
    assert (
        solo.run(
            *("login", "me", "--password-file", "-", "--passkey", *key_of(solo)),
            stdin=f"{PASSWORD}\n",
        ).status
        == 77
    )


def test_an_approver_signs_and_is_told_to(office: Office) -> None:
    ines, root = office.at("ines"), office.at("root")
    ines.ok("account", "passkey", "add", *key_of(ines))
    login(ines, "ines")
    asked = root.ok("account", "add", "eve", "--team", "alpha")

    refused = ines.run("approve", asked["request"])
    assert refused.status == 77
    assert "--passkey" in refused.err
    agreed = ines.ok("approve", asked["request"], "--passkey", *key_of(ines))
    assert agreed["state"] == "approved"


@pytest.mark.parametrize("program", ["", "'", "/nowhere/at-all", "false"])
def test_a_program_that_is_none_is_refused(solo: Terminal, program: str) -> None:
    done = solo.run("account", "passkey", "add", "--authenticator", program)

    assert done.status in {65, 69}
    assert "error:" in done.err


def test_without_a_key_one_sentence_says_what_would_help(solo: Terminal) -> None:
    done = solo.run("account", "passkey", "add")

    assert done.status in {69, 78}
    assert "server" in done.err
