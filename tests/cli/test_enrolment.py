"""Enrolling: the QR code, the first code, the recovery codes."""

from __future__ import annotations

import pyotp
import pytest

from tests.cli.conftest import Office
from tests.cli.terminal import PASSWORD, Phone, Terminal


@pytest.fixture
def invited(office: Office) -> tuple[Office, str]:
    """Give an office and the invitation of somebody new."""
    root = office.at("root")
    asked = root.ok("account", "add", "cy", "--team", "gamma", "--role", "researcher")
    office.at("ines").ok("approve", asked["request"])
    return office, root.ok("account", "invite", "cy")["invitation"]


ENROL = ("account", "enrol", "cy", "--invitation-file", "-", "--password-file", "-")


def test_the_code_for_the_phone_is_drawn_and_spelled(
    invited: tuple[Office, str],
) -> None:
    office, code = invited

    done = office.at("root").run(*ENROL, stdin=f"{code}\n{PASSWORD}\n")

    assert done.status == 0
    assert "█" in done.out
    assert "Scan this" in done.out
    assert "strongroom account confirm cy" in done.out
    assert PASSWORD not in done.out


def test_a_confirmed_factor_counts_and_shows_eight_recovery_codes(
    solo: Terminal,
) -> None:
    uri = solo.ok("account", "factor")["otpauth"]
    assert isinstance(pyotp.parse_uri(uri), pyotp.TOTP)
    code = Phone(uri).code()

    done = solo.run("account", "confirm", "me", "--code-file", "-", stdin=code)

    assert done.status == 0
    assert "shown once" in done.out
    assert len([x for x in done.out.splitlines() if x.count("-") == 3]) == 8


def test_a_recovery_code_stands_in_for_the_phone_once(solo: Terminal) -> None:
    uri = solo.ok("account", "factor")["otpauth"]
    code = Phone(uri).code()
    recovery = solo.ok(
        *("account", "confirm", "me", "--code-file", "-"), stdin=f"{code}\n"
    )["recovery_codes"][0]
    words = ("login", "me", "--password-file", "-", "--code-file", "-")
    typed = f"{PASSWORD}\n{recovery}\n"

    assert solo.run(*words, stdin=typed).status == 0
    assert solo.run(*words, stdin=typed).status == 77


def test_a_wrong_code_confirms_nothing(solo: Terminal) -> None:
    solo.ok("account", "factor")

    done = solo.run("account", "confirm", "me", "--code-file", "-", stdin="000000\n")

    assert done.status == 77


@pytest.mark.parametrize("code", ["guess-work", "x" * 80])
def test_a_wrong_invitation_enrols_nobody(
    invited: tuple[Office, str], code: str
) -> None:
    office, _ = invited

    done = office.at("root").run(*ENROL, stdin=f"{code}\n{PASSWORD}\n")

    assert done.status == 77
    assert code not in done.err


def test_an_invitation_is_used_once(invited: tuple[Office, str]) -> None:
    office, code = invited
    typed = f"{code}\n{PASSWORD}\n"
    office.at("root").ok(*ENROL, stdin=typed)

    assert office.at("root").run(*ENROL, stdin=typed).status in {73, 77}


def test_a_short_password_is_refused_and_the_invitation_stays(
    invited: tuple[Office, str],
) -> None:
    office, code = invited

    assert office.at("root").run(*ENROL, stdin=f"{code}\nshort\n").status == 65
    assert office.at("root").run(*ENROL, stdin=f"{code}\n{PASSWORD}\n").status == 0
