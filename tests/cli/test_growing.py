"""Which profile a room has, what the others need, and asking for one."""

from __future__ import annotations

from tests.cli.conftest import Office
from tests.cli.terminal import Terminal


def test_every_profile_says_what_it_needs(solo: Terminal) -> None:
    rows = {row["profile"]: row for row in solo.run("policy", "profile", "--json").rows}

    assert list(rows) == ["solo", "small", "standard", "hardened"]
    assert rows["solo"]["in_force"]
    assert "me without a second factor" in rows["small"]["lacking"]
    assert "me without a passkey" in rows["hardened"]["lacking"]


def test_what_is_lacking_is_said_in_one_sentence(solo: Terminal) -> None:
    done = solo.run("policy", "profile", "small")

    assert done.status != 0
    assert "a small room needs more: me without a second factor" in done.err


def test_in_a_house_others_agree_and_it_is_in_force_after_that(office: Office) -> None:
    root = office.at("root")
    asked = root.ok("policy", "profile", "small")
    assert not asked["in_force"]
    office.at("ines").ok("approve", asked["request"])

    rows = {row["profile"]: row for row in root.run("policy", "profile", "--json").rows}
    assert rows["small"]["in_force"]
    assert 'profile = "small"' in (office.folder / "room.toml").read_text()
