"""``strongroom clean`` and ``strongroom upgrade``."""

from __future__ import annotations

from pathlib import Path

from tests.cli.terminal import Terminal


def test_a_healthy_room_has_nothing_to_clean(solo: Terminal, model: Path) -> None:
    solo.ok("seal", model, "--as", "tiny")

    assert solo.ok("clean") == {
        "versions": 0,
        "objects": 0,
        "originals": 0,
        "copies": 0,
    }
    assert solo.run("open", "tiny", "--purpose", "x").status == 0


def test_a_database_that_is_gone_is_not_made_anew(solo: Terminal) -> None:
    """An empty one was made in its place, and ``init`` was the advice."""
    database = solo.folder / "room.db"
    database.unlink()

    for words in (("model", "list"), ("upgrade",), ("ledger", "tail")):
        done = solo.run(*words)
        assert done.status == 78, words
        assert "is gone" in done.err
        assert "restore a backup" in done.err
    assert not database.exists()


def test_an_upgrade_of_the_newest_changes_nothing(solo: Terminal) -> None:
    before = solo.ok("ledger", "verify")["root"]

    assert solo.run("upgrade").out == "the database has the newest form\n"
    assert solo.ok("ledger", "verify")["root"] == before
