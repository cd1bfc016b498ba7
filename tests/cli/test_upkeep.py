"""``strongroom clean`` and ``strongroom upgrade``."""

from __future__ import annotations

from pathlib import Path

from tests.cli.terminal import Terminal


def test_a_healthy_room_has_nothing_to_clean(solo: Terminal, model: Path) -> None:
    solo.ok("seal", model, "--as", "tiny")

    assert solo.ok("clean") == {"versions": 0, "objects": 0}
    assert solo.run("open", "tiny", "--purpose", "x").status == 0


def test_an_upgrade_of_the_newest_changes_nothing(solo: Terminal) -> None:
    before = solo.ok("ledger", "verify")["root"]

    assert solo.run("upgrade").out == "the database has the newest form\n"
    assert solo.ok("ledger", "verify")["root"] == before
