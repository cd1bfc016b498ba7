"""``strongroom whoami``: who is logged in here."""

from __future__ import annotations

from tests.cli.conftest import Office
from tests.cli.terminal import Terminal


def test_a_login_says_who_until_when_and_what_was_proved(office: Office) -> None:
    ana = office.at("ana")
    shown, found = ana.run("whoami").out, ana.ok("whoami")

    assert shown.startswith("ana of team alpha\n")
    assert "totp, " in shown
    assert (found["name"], found["roles"]) == ("ana", ["researcher"])
    assert found["room"].startswith("room-")
    assert found["session"].startswith("session-")
    assert found["expires"] > found["factor_fresh_until"]


def test_whoever_has_the_passphrase_of_a_solo_room_is_its_owner(solo: Terminal) -> None:
    shown, found = solo.run("whoami").out, solo.ok("whoami")

    assert "session   the passphrase" in shown
    assert "none in this session; the account has none" in shown
    assert (found["session"], found["factor"]) == (None, "passphrase")


def test_nobody_is_told_how_to_log_in(office: Office) -> None:
    ana = office.at("ana")
    ana.ok("logout")
    done = ana.run("whoami")

    assert done.status == 77
    assert "strongroom login NAME" in done.err


def test_a_typing_error_is_answered_with_the_name_that_was_meant(
    office: Office,
) -> None:
    done = office.at("ana").run("account", "show", "anna")

    assert done.status == 66
    assert "hint: did you mean ana?" in done.err
