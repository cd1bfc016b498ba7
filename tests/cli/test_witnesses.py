"""``strongroom ledger witness`` in front of a room, and what ``verify`` says then."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from strongroom.app import clock
from strongroom.ledger import verify
from strongroom.ledger.checkpoint import VerifierKey
from strongroom.ledger.witness_folder import WitnessFolder
from strongroom.ledger.witness_service import watch
from tests.cli.terminal import Terminal
from tests.ledger.witnesses import made, serving
from tests.ledger.world import Clock


@pytest.fixture
def audit(solo: Terminal, quick: Path) -> WitnessFolder:
    """Give a witness named ``audit`` that watches the room, in a folder elsewhere."""
    folder = made(quick / "elsewhere", "audit.example/w1")
    watch(folder, VerifierKey.from_text(ledger_key(solo)), None)
    return folder


@pytest.fixture
def served(audit: WitnessFolder, quick: Path) -> Iterator[Path]:
    """Give the socket on which the witness answers."""
    with serving_now(audit, quick / "socket") as socket:
        yield socket


@contextmanager
def serving_now(folder: WitnessFolder, socket: Path) -> Iterator[Path]:
    """Serve a witness at the present time."""
    with serving(folder.path, socket, Clock(time=clock())):
        yield socket


def ledger_key(terminal: Terminal) -> str:
    folder = terminal.runtime / "export-for-the-key"
    if not folder.exists():
        terminal.ok("ledger", "export", folder)
    return (folder / "key").read_text().strip()


def add(terminal: Terminal, audit: WitnessFolder, *words: str | Path) -> None:
    key = audit.key().text()
    done = terminal.run(
        "ledger", "witness", "add", key, "--name", "audit", *words, "--json"
    )
    assert (done.status, done.json["needed"]) == (0, 1), done


def outsider(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-I", verify.__file__, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_verify_says_who_signed_what_and_when(
    solo: Terminal, audit: WitnessFolder, served: Path
) -> None:
    assert "no independent witness" in solo.run("ledger", "verify").out
    add(solo, audit, "--socket", served)
    solo.ok("ledger", "tail")  # every command ends with asking

    done = solo.run("ledger", "verify")
    report = solo.ok("ledger", "verify")

    (statement,) = report["witnesses"]
    assert (statement["name"], report["witness_policy"]["needed"]) == ("audit", 1)
    assert report["witness_policy"]["met_entries"] == statement["entries"]
    assert statement["entries"] == report["entries"]
    assert f"witness audit saw {report['entries']} entries at 20" in done.out
    assert "no independent witness" not in done.out
    assert not any("witness" in s for s in report["missing_separations"])


def test_a_locked_room_is_verified_with_its_witnesses_too(
    solo: Terminal, audit: WitnessFolder, served: Path
) -> None:
    add(solo, audit, "--socket", served)
    solo.ok("ledger", "tail")
    solo.unlocked = False

    report = solo.ok("ledger", "verify")

    assert [w["name"] for w in report["witnesses"]] == ["audit"]


def test_a_witness_that_does_not_answer_is_named_at_every_opening(
    solo: Terminal, audit: WitnessFolder, quick: Path
) -> None:
    """Whoever put a room back and stopped its witness opened it without a word."""
    with serving_now(audit, quick / "socket") as socket:
        add(solo, audit, "--socket", socket)
        assert "witness audit" not in solo.run("ledger", "tail").err

    done = solo.run("ledger", "tail")

    assert done.status == 0
    (line,) = [line for line in done.err.splitlines() if "witness audit: " in line]
    assert line.startswith("witness audit: ")


def test_a_witness_that_does_not_answer_is_named_to_programs_too(
    solo: Terminal, audit: WitnessFolder, quick: Path
) -> None:
    """With ``--json`` nobody heard of it."""
    with serving_now(audit, quick / "socket") as socket:
        add(solo, audit, "--socket", socket)

    done = solo.run("model", "list", "--json")

    assert done.status == 0
    (note,) = [json.loads(line) for line in done.err.splitlines()]
    assert note["witness"] == "audit"
    assert note["note"].startswith("witness audit: ")
    assert all("note" not in row for row in done.rows)


def test_witnesses_are_asked_without_a_passphrase(
    solo: Terminal, audit: WitnessFolder, served: Path
) -> None:
    add(solo, audit, "--socket", served)
    solo.unlocked = False

    done = solo.run("ledger", "witness", "ask")

    assert done.status == 0
    assert "the policy (1 witness) is met at" in done.out


def test_a_change_of_witnesses_is_an_entry(
    solo: Terminal, audit: WitnessFolder
) -> None:
    add(solo, audit)
    solo.ok("ledger", "tail")
    rows = solo.ok("ledger", "tail")
    (changed,) = [row for row in rows if row["kind"] == "witnesses.changed"]
    assert (changed["facts"]["witnesses"], changed["facts"]["needed"]) == (1, 1)

    settings = solo.folder / "room.toml"
    text = settings.read_text()
    start, end = text.index("[witnesses]"), text.index("[[domain]]")
    settings.write_text(text[:start] + text[end:])

    last = solo.ok("ledger", "tail")[-1]
    assert last["kind"] == "witnesses.changed"
    assert last["facts"]["witnesses"] == 0


def test_a_policy_that_is_not_the_pinned_one_is_refused_until_pinned(
    solo: Terminal, audit: WitnessFolder
) -> None:
    add(solo, audit)
    policy = solo.folder / "witnesses"
    policy.write_text(policy.read_text() + "# a comment of somebody\n")

    done = solo.run("ledger", "tail")
    assert done.status == 78
    assert "ledger witness pin" in done.err

    assert solo.ok("ledger", "witness", "pin")["witnesses"] == ["audit"]
    solo.ok("ledger", "tail")
    policy.write_text("nonsense\n")
    assert solo.run("ledger", "witness", "pin").status == 78


def test_requests_and_answers_go_as_files(
    solo: Terminal, audit: WitnessFolder, tmp_path: Path
) -> None:
    add(solo, audit)
    asked, answer = tmp_path / "asked", tmp_path / "answer"
    solo.ok("ledger", "witness", "request", "audit", "--to", asked)
    solo.ok(
        "ledger", "witness", "cosign", audit.path, "--request", asked, "--to", answer
    )

    report = solo.ok(
        "ledger", "witness", "accept", "audit", "--request", asked, "--answer", answer
    )

    assert [w["name"] for w in report["witnesses"]] == ["audit"]
    assert (
        solo.run("ledger", "witness", "request", "nobody", "--to", asked).status == 66
    )
    answer.write_bytes(b"\xff")
    done = solo.run(
        "ledger", "witness", "accept", "audit", "--request", asked, "--answer", answer
    )
    assert done.status == 76


def test_an_export_carries_what_outsiders_check(
    solo: Terminal, audit: WitnessFolder, served: Path, tmp_path: Path
) -> None:
    add(solo, audit, "--socket", served)
    solo.ok("ledger", "tail")
    key, witness = ledger_key(solo), audit.key().text()

    solo.ok("ledger", "export", tmp_path / "export")
    solo.ok("ledger", "prove", "1", "--to", tmp_path / "proof")

    done = outsider(tmp_path / "export", "--key", key, "--witness", witness)
    assert done.returncode == 0, done.stdout
    assert f"witness: {audit.key().name} saw " in done.stdout
    proof = tmp_path / "proof/entry-1.tlog-proof"
    entry = tmp_path / "proof/entry-1.json"
    words = ("--proof", proof, "--entry", entry, "--key", key, "--witness", witness)
    assert outsider(*words).returncode == 0
    assert (tmp_path / "export/witnesses").read_text().startswith("log ")


def test_an_older_cosigned_checkpoint_is_in_the_export(
    solo: Terminal, audit: WitnessFolder, quick: Path, tmp_path: Path
) -> None:
    with serving_now(audit, quick / "socket") as socket:
        add(solo, audit, "--socket", socket)
        solo.ok("ledger", "tail")
    key, witness = ledger_key(solo), audit.key().text()
    solo.ok("ledger", "export", tmp_path / "export")

    (older,) = (tmp_path / "export/witnessed").iterdir()
    done = outsider(tmp_path / "export", "--key", key, "--witness", witness)
    assert (done.returncode, f"saw {older.name} entries" in done.stdout) == (0, True)
    other = outsider(tmp_path / "export", "--key", key)
    assert "no independent witness" in other.stdout


def test_a_whole_room_put_back_is_refused_by_what_a_witness_shows(
    solo: Terminal, audit: WitnessFolder, served: Path, quick: Path
) -> None:
    """ATT&CK T1070: database, custodian, settings and what this user saw before."""
    add(solo, audit, "--socket", served)
    solo.ok("ledger", "tail")
    shutil.copytree(solo.folder, quick / "before")
    shutil.copytree(solo.runtime, quick / "runtime-before")
    solo.ok("ledger", "export", quick / "something")
    solo.folder = quick / "before"
    solo.runtime = quick / "runtime-before"

    done = solo.run("ledger", "tail")
    locked = solo.run("ledger", "verify", "--json")

    assert done.status == 71
    assert "an older room was put back" in done.err
    assert locked.status == 76
    assert any("witness audit shows" in f for f in locked.json["findings"])


def test_a_release_waits_for_the_quorum_when_the_room_says_so(
    solo: Terminal, audit: WitnessFolder, quick: Path, model: Path
) -> None:
    solo.ok("seal", model, "--as", "tiny")
    with serving_now(audit, quick / "socket") as socket:
        add(solo, audit, "--socket", socket, "--releases-wait")
        assert solo.run("open", "tiny", "--purpose", "test", "--check").status == 0

    refused = solo.run("open", "tiny", "--purpose", "test", "--check")

    assert refused.status == 69
    assert "keys leave when the witnesses signed" in refused.err
    solo.ok("ledger", "witness", "pin", "--releases-go-on")
    assert solo.run("open", "tiny", "--purpose", "test", "--check").status == 0


def test_a_room_without_witnesses_says_how_to_get_one(solo: Terminal) -> None:
    done = solo.run("ledger", "witness", "ask")

    assert done.status == 66
    assert "strongroom ledger witness add" in done.err


def test_a_witness_is_added_once(solo: Terminal, audit: WitnessFolder) -> None:
    add(solo, audit)
    key = audit.key().text()

    for name in ("audit", "other"):
        done = solo.run("ledger", "witness", "add", key, "--name", name)
        assert done.status == 65
    assert solo.run("ledger", "witness", "add", "nonsense").status == 65
