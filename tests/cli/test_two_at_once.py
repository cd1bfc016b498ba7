"""Two people, or one at two terminals, do the same at the same time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Office
from tests.cli.terminal import Terminal


def together(*typed: tuple[Terminal, tuple[str, ...]]) -> list[tuple[int, str]]:
    """Start all commands at once; return status and standard error of each."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "strongroom", *words, "--json"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": "src", **terminal.variables},
        )
        for terminal, words in typed
    ]
    said = [process.communicate(timeout=120)[1] for process in processes]
    return [(p.returncode, s) for p, s in zip(processes, said, strict=True)]


def states(terminal: Terminal, name: str) -> list[str]:
    """Return the state of each version of a model, oldest first."""
    rows = terminal.run("model", "versions", name, "--json").rows
    return [row["state"] for row in rows]


@pytest.mark.slow
def test_two_seals_of_a_new_name_make_versions_or_one_is_told_to_seal_again(
    solo: Terminal, model: Path
) -> None:
    """The loser's number stayed half sealed, and the hint was for an approver."""
    words = ("seal", str(model), "--as", "llm")

    done = together((solo, words), (solo, words))

    lost = [json.loads(said) for status, said in done if status]
    assert len(lost) < 2
    for error in lost:
        assert error["error"] == "llm has a first version already"
        assert error["hint"].startswith("seal it again")
    assert sorted(states(solo, "llm")) == sorted(
        ["abandoned"] * len(lost) + ["published"] * (2 - len(lost))
    )
    assert solo.run(*words).status == 0
    assert solo.ok("ledger", "verify")["ok"]


@pytest.mark.slow
def test_two_seals_of_a_known_name_are_two_versions(
    solo: Terminal, model: Path
) -> None:
    words = ("seal", str(model), "--as", "llm")
    solo.ok(*words)

    done = together((solo, words), (solo, words))

    assert [status for status, _ in done] == [0, 0]
    assert states(solo, "llm") == ["published"] * 3


@pytest.mark.slow
def test_the_last_two_approvals_at_once_issue_one_permit(
    office: Office, model: Path
) -> None:
    asked = office.at("olga").ok("seal", model, "--as", "llm")["request"]
    office.at("ines").ok("approve", asked)
    request = office.at("ana").ok(
        *("request", "llm", "--segment", "biases", "--purpose", "probe")
    )["request"]

    done = together(
        *((office.at(name), ("approve", request)) for name in ("ines", "tom"))
    )

    assert [status for status, _ in done] == [0, 0]
    assert office.at("ana").ok("open", request)["segments"] == ["biases"]


@pytest.mark.slow
def test_the_same_approval_twice_at_once_counts_once(
    office: Office, model: Path
) -> None:
    asked = office.at("olga").ok("seal", model, "--as", "llm")["request"]
    ines = office.at("ines")

    done = together(*((ines, ("approve", asked)) for _ in range(2)))

    assert sorted(status for status, _ in done) == [0, 73]
    assert states(office.at("olga"), "llm") == ["published"]


@pytest.mark.slow
def test_opening_during_a_seal_gives_the_version_before(
    solo: Terminal, model: Path, quick: Path
) -> None:
    solo.ok("seal", model, "--as", "llm")
    with (model / "tokens.dat").open("wb") as file:
        file.truncate(1 << 30)
    stores = solo.folder / "stores" / "home"
    before = sum(path.is_file() for path in stores.rglob("*"))
    process = subprocess.Popen(
        [sys.executable, "-m", "strongroom", "seal", str(model), "--as", "llm"],
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": "src", **solo.variables},
    )
    while process.poll() is None and (
        sum(path.is_file() for path in stores.rglob("*")) == before
    ):
        pass

    opened = solo.ok("open", "llm", "--purpose", "look", "--to", quick / "out")

    assert process.wait(120) == 0
    assert opened["version"] in {1, 2}  # whole in either case
    assert opened["complete"] is True
    assert solo.ok("open", "llm", "--purpose", "look")["version"] == 2
