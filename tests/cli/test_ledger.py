"""``strongroom ledger``: reading, checking, proving, also without a passphrase."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from strongroom.ledger import verify
from tests.cli.conftest import Office
from tests.cli.terminal import Terminal


@pytest.fixture
def busy(solo: Terminal, model: Path) -> Terminal:
    """Give a terminal in front of a room where something happened."""
    solo.ok("seal", model, "--as", "tiny")
    solo.ok("open", "tiny", "--purpose", "a secret purpose")
    return solo


def outsider(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the outsider's program in a bare process."""
    return subprocess.run(
        [sys.executable, "-I", verify.__file__, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_tail_names_what_happened_and_who_did_it(busy: Terminal) -> None:
    done = busy.run("ledger", "tail", "-n", "3")
    rows = busy.ok("ledger", "tail", "-n", "3")

    assert "key.released" in done.out
    assert "me" in done.out
    assert [row["position"] for row in rows] == sorted(r["position"] for r in rows)
    assert rows[-1]["kind"] == "key.released"


def test_one_entry_is_shown_with_its_private_fields(busy: Terminal) -> None:
    rows = busy.ok("ledger", "tail")
    asked = [row for row in rows if row["kind"] == "request.created"][-1]

    shown = busy.ok("ledger", "show", str(asked["position"]))

    assert shown["private"]["purpose"] == "a secret purpose"
    assert "a secret purpose" not in str(asked)


def test_a_healthy_ledger_says_what_was_checked(busy: Terminal) -> None:
    done = busy.run("ledger", "verify")

    assert done.status == 0
    assert "each is under the signed checkpoint" in done.out
    assert "guarded rows were compared" in done.out
    assert "no independent witness" in done.out


def test_a_locked_room_checks_entries_and_says_that_rows_were_not(
    busy: Terminal,
) -> None:
    busy.unlocked = False

    done = busy.run("ledger", "verify")

    assert done.status == 0
    assert "guarded rows were not checked: locked" in done.out
    assert "no independent witness" in done.out
    assert busy.ok("ledger", "verify")["rows_checked"] is False


def test_an_outsider_checks_the_export_of_a_locked_room(
    busy: Terminal, quick: Path
) -> None:
    busy.unlocked = False

    done = busy.run("ledger", "export", quick / "evidence")

    assert done.status == 0
    assert "no independent witness" in done.out
    key = (quick / "evidence" / "key").read_text().strip()
    checked = outsider(quick / "evidence", "--key", key)
    assert checked.returncode == 0, checked


def test_an_outsider_checks_one_proof(busy: Terminal, quick: Path) -> None:
    busy.unlocked = False
    busy.ok("ledger", "export", quick / "evidence")

    made = busy.ok("ledger", "prove", "2", "--to", quick / "proof")

    key = (quick / "evidence" / "key").read_text().strip()
    entry, proof = made["files"]
    checked = outsider("--proof", proof, "--entry", entry, "--key", key)
    assert checked.returncode == 0, checked


def test_a_proof_is_not_overwritten(busy: Terminal, quick: Path) -> None:
    busy.ok("ledger", "prove", "2", "--to", quick / "proof")

    assert busy.run("ledger", "prove", "2", "--to", quick / "proof").status == 73


def test_private_fields_leave_only_an_unlocked_room(
    busy: Terminal, quick: Path
) -> None:
    busy.unlocked = False
    assert busy.run("ledger", "export", quick / "one", "--private").status == 77
    assert not (quick / "one").exists()

    busy.unlocked = True
    assert busy.run("ledger", "export", quick / "two", "--private").status == 0
    assert busy.ok("ledger", "tail")[-1]["kind"] == "ledger.exported"


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("show", "9999"), 66),
        (("prove", "9999"), 66),
        (("show", "-1"), 64),
        (("tail", "-n", "0"), 64),
    ],
)
def test_an_entry_that_is_not_there_is_said(
    busy: Terminal, words: tuple[str, ...], status: int
) -> None:
    assert busy.run("ledger", *words).status == status


def test_a_researcher_does_not_read_the_ledger(office: Office) -> None:
    assert office.at("ana").run("ledger", "tail").status == 77


# An attacker administers the database.


@pytest.mark.parametrize("unlocked", [True, False])
def test_a_changed_entry_is_found_and_ends_with_76(
    busy: Terminal, unlocked: bool
) -> None:
    with sqlite3.connect(busy.folder / "room.db") as database:
        database.execute(
            "UPDATE entries SET body = replace(body, 'solo', 'sola') WHERE position = 0"
        )
    database.close()
    busy.unlocked = unlocked

    done = busy.run("ledger", "verify", "--json")

    assert done.status == 76
    assert done.json["ok"] is False
    assert any("entry 0" in finding for finding in done.json["findings"])


def test_a_deleted_tail_is_found(busy: Terminal) -> None:
    with sqlite3.connect(busy.folder / "room.db") as database:
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute("DELETE FROM entries WHERE position = 5")
    database.close()

    done = busy.run("ledger", "verify")

    assert done.status in {71, 76}
    assert "wrong:" in done.out
