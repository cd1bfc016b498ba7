"""``strongroom account``: joining, changing, leaving."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Office
from tests.cli.terminal import Terminal


def test_everybody_is_listed_with_team_state_and_roles(office: Office) -> None:
    rows = {row["name"]: row for row in office.at("ana").ok("account", "list")}

    assert rows["ana"]["team"] == "alpha"
    assert rows["ana"]["roles"] == ["researcher"]
    assert {row["state"] for row in rows.values()} == {"active"}
    assert "administrator" in office.at("ana").run("account", "list").out


def test_one_person_has_every_role(solo: Terminal) -> None:
    assert "every role" in solo.run("account", "list").out


def test_a_new_account_waits_for_another_team(office: Office) -> None:
    root = office.at("root")

    done = root.run("account", "add", "cy", "--team", "gamma", "--role", "researcher")

    assert done.status == 0
    assert "waits for 1 approval from another team" in done.out
    assert root.run("account", "invite", "cy").status == 66


def test_a_suspended_person_acts_no_more_until_resumed(office: Office) -> None:
    root, ana = office.at("root"), office.at("ana")

    root.ok("account", "suspend", "ana", "--reason", "lost laptop")
    assert ana.run("requests").status == 77

    root.ok("account", "resume", "ana")
    ana.login("ana")
    assert ana.run("requests").status == 0


def test_who_left_does_not_come_back(office: Office) -> None:
    root = office.at("root")
    assert root.run("account", "leave", "ben").out == "ben has left\n"

    assert root.run("account", "resume", "ben").status == 73
    assert office.at("ben").run("requests").status == 77


def test_other_roles_wait_for_another_team(office: Office) -> None:
    asked = office.at("root").ok(
        *("account", "roles", "ben", "--team", "beta", "--role", "operator")
    )

    office.at("tom").ok("approve", asked["request"])

    rows = {row["name"]: row for row in office.at("ana").ok("account", "list")}
    assert rows["ben"]["roles"] == ["operator"]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("add", "A!", "--team", "t"), 65),
        (("add", "cy", "--team", "t", "--role", "king"), 64),
        (("add", "cy"), 64),
        (("suspend", "nobody"), 66),
        (("invite", "ana"), 73),
    ],
)
def test_what_makes_no_sense_is_refused(
    office: Office, words: tuple[str, ...], status: int
) -> None:
    done = office.at("root").run("account", *words)

    assert done.status == status, done


@pytest.mark.parametrize(
    "words",
    [
        ("add", "cy", "--team", "gamma"),
        ("suspend", "ben"),
        ("roles", "ana", "--team", "alpha", "--role", "administrator"),
        ("invite", "ben"),
    ],
)
def test_a_researcher_administers_nothing(
    office: Office, words: tuple[str, ...]
) -> None:
    done = office.at("ana").run("account", *words)

    assert done.status == 77
    assert "strongroom: hint:" in done.err
