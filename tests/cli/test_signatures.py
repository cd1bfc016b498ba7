"""Second signatures at the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from strongroom.ledger import verify as outsider
from tests.cli.conftest import Office, admit
from tests.cli.terminal import Terminal

BOTH = "ed25519+ml-dsa-65"


def test_one_command_switches_them_on_and_another_off(
    solo: Terminal, model: Path, quick: Path
) -> None:
    assert solo.ok("policy", "signatures")["algorithms"] == "ed25519"
    done = solo.ok("policy", "signatures", BOTH)

    assert (done["algorithms"], done["request"]) == (BOTH, None)
    assert solo.ok("policy", "signatures") == done
    solo.ok("seal", model, "--as", "llm")
    assert solo.ok("ledger", "verify")["second_since"] == done["since"]
    said = solo.run("ledger", "verify").out
    assert f"ML-DSA-65 beside Ed25519 from size {done['since']} on" in said
    rows = solo.run("key", "inventory", "--json").rows
    second = [row for row in rows if row["algorithm"] == "ML-DSA-65"]
    assert [row["name"] for row in second] == [
        "checkpoint-ml-dsa-65",
        "manifest-ml-dsa-65",
    ]
    assert "Ed25519 alone" in solo.run("policy", "signatures").out
    assert solo.ok("policy", "signatures", "ed25519")["since"] is None
    solo.ok("open", "llm", "--purpose", "a test", "--to", quick / "out")


def test_an_outsiders_program_says_that_it_did_not_check_the_second(
    solo: Terminal, quick: Path
) -> None:
    solo.ok("ledger", "export", quick / "before")
    solo.ok("policy", "signatures", BOTH)
    solo.ok("ledger", "export", quick / "after")

    for name, said in (("before", "none"), ("after", "ML-DSA-65 or another")):
        key = (quick / name / "key").read_text().strip()
        program = [sys.executable, "-I", outsider.__file__, str(quick / name)]
        done = subprocess.run(
            [*program, "--key", key], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
        assert f"second signature: {said}" in done.stdout
        assert "other signatures: 0" in done.stdout
    assert not (quick / "before" / "second-key").exists()
    second = (quick / "after" / "second-key").read_text()
    assert second.startswith((quick / "after" / "key").read_text().split("+")[0])


def test_in_a_house_another_team_agrees_first(office: Office) -> None:
    root = office.at("root")
    asked = root.ok("account", "add", "kim", "--team", "keys", "--role", "key-holder")
    office.at("ines").ok("approve", asked["request"])
    admit(office, "kim", root.ok("account", "invite", "kim")["invitation"])
    kim = office.at("kim")

    waiting = kim.ok("policy", "signatures", BOTH)
    assert waiting["algorithms"] == "ed25519"
    shown = office.at("ines").ok("requests", waiting["request"])
    assert shown["wants"]["checkpoints and manifests carry"] == BOTH
    assert len(shown["wants"]["second keys"].split(", ")) == 2
    assert "waits for another team" in kim.run("policy", "signatures", BOTH).out
    office.at("ines").ok("approve", waiting["request"])
    assert kim.ok("policy", "signatures", BOTH)["algorithms"] == BOTH
    assert office.at("ana").run("policy", "signatures", "ed25519").status == 77


def test_one_command_gives_the_keys_successors(
    solo: Terminal, model: Path, quick: Path
) -> None:
    none = solo.run("policy", "signatures", "--rotate")
    assert (none.status, "no second signatures whose keys" in none.err) == (65, True)
    solo.ok("policy", "signatures", BOTH)
    solo.ok("seal", model, "--as", "llm")
    solo.ok("ledger", "export", quick / "before")

    done = solo.ok("policy", "signatures", "--rotate")

    assert (done["algorithms"], done["request"]) == (BOTH, None)
    assert solo.ok("policy", "signatures") == done
    solo.ok("open", "llm", "--purpose", "a test", "--to", quick / "out")
    solo.ok("ledger", "export", quick / "after")
    keys = [(quick / x / "second-key").read_text().strip() for x in ("before", "after")]
    for key, status in zip(keys, (65, 0), strict=True):
        arguments = [str(quick / "after"), "--second-key", key, "--key"]
        own = (quick / "after" / "key").read_text().strip()
        assert outsider.main([*arguments, own]) == status
    rows = solo.run("key", "inventory", "--json").rows
    names = [row["name"] for row in rows if row["algorithm"] == "ML-DSA-65"]
    assert names[2:] == ["checkpoint-ml-dsa-65-2", "manifest-ml-dsa-65-2"]
    assert solo.run("policy", "signatures", "ed25519", "--rotate").status == 65
    again = solo.run("policy", "signatures", "--rotate")
    assert "the second keys have successors" in again.out
