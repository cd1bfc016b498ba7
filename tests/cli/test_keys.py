"""Keys at the command line."""

from __future__ import annotations

from pathlib import Path

from strongroom.settings import load_settings
from tests.cli.conftest import Office, admit
from tests.cli.terminal import Terminal


def test_a_root_key_is_rotated_and_the_old_file_deleted(
    solo: Terminal, model: Path, quick: Path
) -> None:
    solo.ok("seal", model, "--as", "llm")
    done = solo.ok("key", "rotate", "home")

    assert done["state"] == "done"
    assert done["wrapped"] == done["removed"] > 7
    (domain,) = load_settings(solo.folder).domains
    assert domain.custodian == "file:custodians/home.2"
    gone = solo.ok("key", "rotate", "home", "--destroy-old")
    assert gone["destroyed"] == [
        {"root": done["former"], "file": str(solo.folder / "custodians" / "home")}
    ]
    said = solo.run("key", "rotate", "home", "--destroy-old")
    assert "Copies of the old custody file elsewhere" in said.out
    solo.ok("open", "llm", "--purpose", "a test", "--to", quick / "out")


def test_in_a_house_another_team_agrees_first(office: Office, model: Path) -> None:
    root = office.at("root")
    asked = root.ok("account", "add", "kim", "--team", "keys", "--role", "key-holder")
    office.at("ines").ok("approve", asked["request"])
    admit(office, "kim", root.ok("account", "invite", "kim")["invitation"])
    kim = office.at("kim")
    sealed = office.at("olga").ok("seal", model, "--as", "llm")
    office.at("ines").ok("approve", sealed["request"])

    waiting = kim.ok("key", "rotate", "weights")
    assert waiting["state"] == "waiting"
    shown = office.at("ines").ok("requests", waiting["request"])
    assert shown["wants"] == {
        "root key": "of weights: another one",
        "held by": "file:custodians/weights.2",
    }
    office.at("ines").ok("approve", waiting["request"])
    assert kim.ok("key", "rotate", "weights")["state"] == "done"
    assert office.at("ana").run("key", "rotate", "weights").status == 77


def test_a_version_is_re_keyed_into_another_suite(
    solo: Terminal, model: Path, quick: Path
) -> None:
    solo.ok("seal", model, "--as", "llm")
    done = solo.ok("key", "rekey", "llm", "--suite", "2")

    assert done["generation"] == 2
    assert len(done["segments"]) > 5
    assert solo.ok("clean")["objects"] == len(done["segments"])
    solo.ok("open", "llm", "--purpose", "a test", "--to", quick / "out")
    assert "strongroom clean" in solo.run("key", "rekey", "llm").out
