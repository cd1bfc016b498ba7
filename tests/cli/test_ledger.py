"""``strongroom ledger``: reading, checking, proving, also without a passphrase."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from strongroom.ledger import verify
from tests.cli.conftest import Office
from tests.cli.keyboard import Keyboard
from tests.cli.terminal import PASSPHRASE, Terminal


@pytest.fixture(scope="module")
def busy_template(
    tiny_template: Terminal, tmp_path_factory: pytest.TempPathFactory
) -> Terminal:
    """Give the terminal of ``busy``; copied for each test."""
    solo = tiny_template.copy(tmp_path_factory.mktemp("busy"))
    solo.ok("open", "tiny", "--purpose", "a secret purpose")
    return solo


@pytest.fixture
def busy(busy_template: Terminal, quick: Path) -> Terminal:
    """Give a terminal in front of a room where something happened."""
    return busy_template.copy(quick)


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
    assert "not checked: guarded rows" in done.out
    assert "the home custodian is locked" in done.out
    assert "no independent witness" in done.out
    assert busy.ok("ledger", "verify")["rows_checked"] is False


def test_somebody_at_a_terminal_is_asked_for_the_home_passphrase(
    busy: Terminal,
) -> None:
    """It checked the entries only, and did not ask."""
    busy.unlocked = False
    keyboard = Keyboard("ledger", "verify", environment=busy.variables)
    keyboard.expect("Passphrase of home (Enter: leave the guarded rows unchecked): ")

    keyboard.type(PASSPHRASE)

    assert keyboard.done() == 0
    assert "guarded rows were compared" in keyboard.shown
    assert PASSPHRASE not in keyboard.shown


def test_enter_checks_without_the_guarded_rows(busy: Terminal) -> None:
    busy.unlocked = False
    keyboard = Keyboard("ledger", "verify", environment=busy.variables)
    keyboard.expect("unchecked): ")

    keyboard.type("")

    assert keyboard.done() == 0
    assert "not checked: guarded rows" in keyboard.shown


def test_nobody_at_a_terminal_is_not_asked(busy: Terminal) -> None:
    busy.unlocked = False

    done = subprocess.run(
        [sys.executable, "-m", "strongroom", "ledger", "verify"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": "src", **busy.variables},
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "not checked: guarded rows" in done.stdout


def test_a_locked_custodian_is_unchecked_and_no_finding(office: Office) -> None:
    """It was reported as an alteration of the ledger."""
    root = office.at("root")
    file = f"architecture={root.passphrase_file}"

    done = root.run("ledger", "verify", "--passphrase-file", file)

    assert done.status == 0, done
    assert "not checked: what weights saw of the ledger" in done.out


def test_a_proof_keeps_its_lines_on_a_narrow_terminal(busy: Terminal) -> None:
    """Lines of the checkpoint were broken at the width, and verified no more."""
    busy.environment["COLUMNS"] = "40"

    done = busy.run("ledger", "prove", "2")

    assert done.out == busy.ok("ledger", "prove", "2")["proof"]


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
