"""Recovery keys at the command line: papers out, approval, everything wrapped."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from strongroom.crypto.custody.file import FileCustodian
from strongroom.crypto.paper import read_paper
from strongroom.crypto.recovery import RecoveryKey
from strongroom.crypto.sharing import combine
from strongroom.settings import load_settings
from strongroom.types import Secret
from tests.cli.conftest import Office, admit
from tests.cli.terminal import PASSPHRASE, Terminal
from tests.contracts.served import serving
from tests.journeys.apart import name_socket


def test_papers_are_files_of_their_own_and_restore_the_key(
    solo: Terminal, model: Path, quick: Path
) -> None:
    solo.ok("seal", model, "--as", "llm")
    made = solo.ok("recovery", "create", "--to", quick / "papers")

    papers = [read_paper(Path(name).read_text()) for name in made["files"]]
    assert len(papers) == 5
    assert {stat.S_IMODE(Path(name).stat().st_mode) for name in made["files"]} == {
        0o600
    }
    key = RecoveryKey(combine([papers[n].share for n in (4, 0, 2)]))
    assert key.id == made["key"]
    assert {paper.room for paper in papers} == {load_settings(solo.folder).room}
    status = solo.ok("recovery", "status")
    (covered,) = status["sets"]
    assert status["drill"] is None
    assert covered["wrapped"] == covered["total"] == made["wrapped"] > 7
    (pinned,) = load_settings(solo.folder).recovery
    assert (pinned.key, pinned.set_id, pinned.shares, pinned.threshold) == (
        made["key"],
        made["set"],
        5,
        3,
    )


def test_a_custodian_elsewhere_is_told_which_key_to_trust(
    solo: Terminal, model: Path, quick: Path
) -> None:
    """The papers are out by then, so what was made is shown before anything fails."""
    solo.ok("seal", model, "--as", "llm")
    file = solo.folder / "custodians" / "home"
    with serving(FileCustodian.open(file, Secret(PASSPHRASE.encode())), file) as path:
        name_socket(solo.folder, path, domain="home")
        made = solo.ok("recovery", "create", "--to", quick / "papers")
        assert made["wrapped"] == 0

        refused = solo.run("recovery", "wrap")
        assert (refused.status, made["key"] in refused.err) == (77, True)
        assert f"custodian trust FILE {made['key']}" in refused.err
        (pinned,) = load_settings(solo.folder).recovery
        assert pinned.key == made["key"]  # the room's own keys are wrapped to it

        solo.ok("custodian", "trust", file, made["key"])
        solo.ok("recovery", "wrap")
        (covered,) = solo.ok("recovery", "status")["sets"]
        assert covered["wrapped"] == covered["total"] > 7


def test_nobody_is_shown_all_papers_at_once(solo: Terminal) -> None:
    refused = solo.run("recovery", "create")

    assert refused.status == 78
    assert "--to FOLDER" in refused.err
    assert solo.run("recovery", "status").out.startswith("No recovery key")


def test_papers_do_not_lie_beside_what_they_open(solo: Terminal) -> None:
    """A copy of the room had its papers in it."""
    to = solo.folder / "papers"

    done = solo.run("recovery", "create", "--to", to)

    assert done.status == 65
    assert "lies inside the room" in done.err
    assert not to.exists()


def test_papers_that_lie_there_are_not_replaced(solo: Terminal, quick: Path) -> None:
    to = quick / "papers"
    made = solo.ok(
        "recovery", "create", "--to", to, "--papers", "2", "--threshold", "2"
    )
    before = {path: path.read_bytes() for path in to.iterdir()}

    solo.ok("recovery", "create", "--to", to, "--papers", "1", "--threshold", "1")
    assert made["files"] == sorted(map(str, before))
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize(("shares", "threshold"), [("3", "4"), ("5", "1"), ("1", "2")])
def test_a_set_that_cannot_be_is_refused(
    solo: Terminal, quick: Path, shares: str, threshold: str
) -> None:
    refused = solo.run(
        *("recovery", "create", "--to", quick / "papers"),
        *("--papers", shares, "--threshold", threshold),
    )

    assert refused.status == 65
    assert not (quick / "papers").exists()


def test_in_a_house_a_key_holder_asks_and_another_team_agrees(
    office: Office, model: Path, quick: Path
) -> None:
    root = office.at("root")
    asked = root.ok("account", "add", "kim", "--team", "keys", "--role", "key-holder")
    office.at("ines").ok("approve", asked["request"])
    admit(office, "kim", root.ok("account", "invite", "kim")["invitation"])
    kim = office.at("kim")
    sealed = office.at("olga").ok("seal", model, "--as", "llm")
    office.at("ines").ok("approve", sealed["request"])

    made = kim.ok("recovery", "create", "--to", quick / "papers")
    assert made["state"] == "pending"
    (shown,) = [office.at("ines").ok("requests", made["request"])]
    assert shown["wants"]["recovery key"] == "of architecture, biases, weights"
    assert "any 3 of 5 open everything" in shown["wants"]["papers"]
    office.at("ines").ok("approve", made["request"])
    wrapped = kim.ok("recovery", "wrap")

    (one,) = wrapped["sets"]
    assert one["wrapped"] == one["total"] == wrapped["wrapped"]
    assert [p.key for p in load_settings(office.folder).recovery] == [made["key"]]


def test_others_make_no_papers(office: Office, quick: Path) -> None:
    refused = office.at("ana").run("recovery", "create", "--to", quick / "papers")

    assert refused.status == 77
    assert not (quick / "papers").exists()
