"""``strongroom intake``: the whole line, through the real sandbox."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skops.io
from safetensors.numpy import load_file, save_file
from sklearn.gaussian_process.kernels import RBF

from strongroom.settings import FILE_NAME, load_settings
from strongroom.settings.intake import IntakeSettings
from tests.cli.conftest import Office
from tests.cli.terminal import Terminal


@pytest.fixture
def foreign(quick: Path) -> Path:
    """Give a folder as a hub has it: weights, and a configuration."""
    folder = quick / "foreign"
    folder.mkdir()
    weights = {"w": np.arange(50_000, dtype="<f4"), "b": np.ones(7, dtype="<f2")}
    save_file(weights, folder / "model.safetensors", {"format": "pt", "note": "hi"})
    return folder


def test_a_model_comes_in_and_opens_as_it_was(
    solo: Terminal, foreign: Path, quick: Path
) -> None:
    added = solo.ok("intake", "add", foreign, "--as", "tiny", "--from", "a friend")

    assert added["state"] == "waiting"
    assert solo.ok("intake", "list")["intake"] == added["intake"]
    early = solo.run("open", "tiny@1", "--purpose", "try")
    assert (early.status, "in quarantine" in early.err) == (66, True)
    assert solo.ok("intake", "accept", added["intake"])["state"] == "accepted"
    solo.ok("open", "tiny", "--purpose", "try", "--to", quick / "out")
    before = load_file(foreign / "model.safetensors")
    after = load_file(quick / "out" / "model.safetensors")
    assert {n: t.tobytes() for n, t in after.items()} == {
        n: t.tobytes() for n, t in before.items()
    }


def test_a_person_sees_what_was_found_and_what_was_changed(
    solo: Terminal, foreign: Path
) -> None:
    done = solo.run("intake", "add", foreign, "--as", "tiny")

    assert done.status == 0
    assert "waiting" in done.out
    assert "model.safetensors  safetensors" in done.out
    assert "free text of the header left out" in done.out
    assert "Next: strongroom intake accept intake-" in done.out
    again = solo.run("intake", "add", foreign, "--as", "tiny2")
    assert "the same bytes were added before" in again.out


def test_what_came_in_is_called_what_it_is_opened_by(
    solo: Terminal, foreign: Path
) -> None:
    """Nothing said how a model was called: not the list, not even once accepted."""
    added = solo.ok("intake", "add", foreign, "--as", "tiny")
    assert added["model"] == "tiny@1"
    assert "tiny@1" in solo.run("intake", "list").out
    assert "tiny@1" in solo.run("intake", "show", added["intake"]).out

    other = solo.run("intake", "add", foreign, "--as", "tiny2")

    assert (other.status, "came in as tiny@1; --again" in other.err) == (0, True)
    assert "--again" not in solo.run("intake", "add", foreign, "--as", "tiny").err
    done = solo.run("intake", "accept", added["intake"])
    assert done.out.endswith("is accepted, as tiny@1\n")


def test_what_is_refused_says_why_and_the_status_says_so_too(
    solo: Terminal, foreign: Path, quick: Path
) -> None:
    (foreign / "model.safetensors").write_bytes(b"\x80\x04cposix\nsystem\n(tR.")

    done = solo.run("intake", "add", foreign, "--sarif", quick / "found.sarif")

    assert done.status == 65
    assert "refused" in done.out
    assert "strongroom: hint: strongroom intake show intake-" in done.err
    log = json.loads((quick / "found.sarif").read_text())
    assert "error" in {result["level"] for result in log["runs"][0]["results"]}
    again = solo.run("intake", "add", foreign)
    assert (again.status, "hint: add it with --again" in again.err) == (65, True)
    intake = solo.ok("intake", "list")["intake"]
    shown = solo.run("intake", "accept", intake)
    assert shown.status == 73
    assert "is refused" in shown.err


def test_what_is_refused_is_listed_by_name_and_shown_with_every_reason(
    solo: Terminal, quick: Path
) -> None:
    """The list had an id and nothing else; a note could hide the reason."""
    folder = quick / "downloaded"
    folder.mkdir()
    for number in range(60):
        (folder / f"{number:02}.pt").write_bytes(b"\x80\x04cposix\nsystem\n(tR.")

    done = solo.run("intake", "add", folder, "--as", "worse", "--from", "a stranger")

    assert (done.status, "and 10 more" in done.out) == (65, True)
    listed = solo.run("intake", "list").out
    assert ("worse" in listed, "a stranger" in listed) == (True, True)
    row = solo.ok("intake", "list")
    assert (row["model"], row["name"], row["from"]) == ("", "worse", "a stranger")
    shown = solo.run("intake", "show", row["intake"]).out
    assert "a stranger" in shown
    assert (done.out.count("x refused/"), shown.count("x refused/")) == (50, 60)


def test_what_became_of_it_is_told_where_sarif_cannot_be_written(
    solo: Terminal, foreign: Path, quick: Path
) -> None:
    """It had come in, and only the file that failed was spoken of."""
    done = solo.run("intake", "add", foreign, "--sarif", quick / "none" / "found.sarif")

    assert done.status == 69
    assert "waiting" in done.out
    assert "strongroom intake show ID --sarif FILE" in done.err


def test_relative_paths_are_taken_from_where_one_stands(
    solo: Terminal, foreign: Path
) -> None:
    """The sandbox starts elsewhere: the room's folder was once not found."""
    here = replace(solo, folder=Path(os.path.relpath(solo.folder)))

    added = here.ok("intake", "add", os.path.relpath(foreign))

    assert added["state"] == "waiting"


def test_what_is_not_there_is_named(solo: Terminal, quick: Path) -> None:
    done = solo.run("intake", "add", quick / "nothing")

    assert done.status == 66
    assert "there is no file or folder" in done.err
    assert solo.run("intake", "show", "intake-aaaaaaaa").status == 66


def test_in_a_house_somebody_of_another_team_agrees(
    office: Office, foreign: Path
) -> None:
    olga = office.at("olga")
    added = olga.ok("intake", "add", foreign, "--as", "llm")

    asked = olga.ok("intake", "accept", added["intake"])
    assert asked["state"] == "waiting"
    office.at("ines").ok("approve", asked["request"])

    assert olga.ok("intake", "show", added["intake"])["state"] == "accepted"
    refused = olga.run("intake", "refuse", added["intake"], "--reason", "late")
    assert refused.status == 73


def advised(solo: Terminal, *names: str) -> None:
    """Have the room ask advisers."""
    settings = load_settings(solo.folder)
    settings = replace(settings, intake=IntakeSettings(advisers=names))
    (solo.folder / FILE_NAME).write_text(settings.to_toml())


def test_advisers_that_see_it_otherwise_are_shown_and_decide_nothing(
    solo: Terminal, foreign: Path, quick: Path
) -> None:
    advised(solo, "picklescan", "hayward")
    config = {"auto_map": {"AutoModel": "evil.Model"}, "model_type": "bert"}
    (foreign / "config.json").write_text(json.dumps(config))

    done = solo.run("intake", "add", foreign, "--sarif", quick / "found.sarif")

    assert (done.status, "waiting" in done.out) == (0, True)
    shown = " ".join(done.out.split())
    assert "picklescan 1.0.5: looked at 2 files" in shown
    assert "hayward 1.4.1: looked at 2 files, calls 1 malicious" in shown
    assert shown.index("adviser/disagrees") < shown.index("adviser/alarm config.json")
    (run,) = json.loads((quick / "found.sarif").read_text())["runs"]
    asked = run["tool"]["extensions"]
    assert [one["name"] for one in asked] == ["picklescan", "hayward"]
    tail = solo.ok("ledger", "tail")
    (entry,) = [row for row in tail if row["kind"] == "intake.examined"]
    assert [one["alarming"] for one in entry["facts"]["advisers"]] == [0, 1]


def test_types_that_the_room_lists_come_in_and_are_shown(
    solo: Terminal, quick: Path
) -> None:
    kernel = "sklearn.gaussian_process.kernels.RBF"
    model = quick / "m.skops"
    skops.io.dump(RBF(), model)
    settings = load_settings(solo.folder)

    refused = solo.run("intake", "add", model)
    assert (refused.status, "skops/type" in refused.out) == (65, True)

    intake = IntakeSettings(skops_types=(kernel,))
    listing = replace(settings, intake=intake).to_toml()
    (solo.folder / FILE_NAME).write_text(listing)
    added = solo.ok("intake", "add", model, "--again")
    shown = solo.run("intake", "show", added["intake"])
    assert (shown.status, "skops/listed" in shown.out) == (0, True)
    assert f"let in because the house lists them: {kernel!r}" in " ".join(
        shown.out.split()
    )
    tail = solo.ok("ledger", "tail")
    entries = [row for row in tail if row["kind"] == "intake.examined"]
    assert [row["facts"]["listed"] for row in entries] == [[], [kernel]]

    (solo.folder / FILE_NAME).write_text(listing.replace(kernel, "os.system"))
    done = solo.run("intake", "list")
    assert (done.status, "os.system cannot be let in" in done.err) == (65, True)


def test_an_adviser_that_nobody_made_is_named(solo: Terminal, foreign: Path) -> None:
    advised(solo, "oracle")

    done = solo.run("intake", "add", foreign)

    assert done.status == 78
    assert "no adviser is called 'oracle'" in done.err
    advised(solo)
    assert solo.ok("intake", "add", foreign)["state"] == "waiting"


def test_a_file_that_nobody_needs_is_left_out_of_a_whole_snapshot(
    solo: Terminal, foreign: Path, quick: Path
) -> None:
    """One ``training_args.bin`` refused a snapshot, and there was no way forward."""
    (foreign / "training_args.bin").write_bytes(b"\x80\x04cposix\nsystem\n(tR.")
    (foreign / "extra").mkdir()
    (foreign / "extra" / "modeling.py").write_text("import os\n")
    named = "--leave-out extra/modeling.py --leave-out training_args.bin"

    refused = solo.run("intake", "add", foreign)
    assert (refused.status, named in " ".join(refused.err.split())) == (65, True)
    following = "\n\nNext: if nothing needs it"  # a strange character stood before it
    assert (
        following in solo.run("intake", "show", solo.ok("intake", "list")["intake"]).out
    )
    digest = solo.ok("intake", "list")["digest"]
    leaving = ("--leave-out", "*.py", "--leave-out", "training_args.bin")
    bill, signed = quick / "bill.json", quick / "statements"
    added = solo.ok("intake", "add", foreign, *leaving, "--expect", digest)

    assert (added["state"], added["digest"], added["files"]) == ("waiting", digest, 3)
    shown = solo.run(
        "intake", "show", added["intake"], "--sbom", bill, "--statements", signed
    )
    for path in ("extra/modeling.py", "training_args.bin"):
        assert f"{path}: left out: asked for" in shown.out
    model = json.loads(bill.read_text())["metadata"]["component"]
    assert [one["name"] for one in model["components"]] == ["model.safetensors"]
    envelope = json.loads((signed / "rewriting.dsse.json").read_text())
    statement = json.loads(base64.b64decode(envelope["payload"]))
    assert [one["name"] for one in statement["subject"]] == ["model.safetensors"]
    entries = [e for e in solo.ok("ledger", "tail") if e["kind"] == "intake.examined"]
    assert [one["facts"]["left_out"] for one in entries] == [0, 2]
    solo.ok("intake", "accept", added["intake"])
    solo.ok("open", "foreign", "--purpose", "try", "--to", quick / "out")
    assert {path.name for path in (quick / "out").rglob("*")} == {"model.safetensors"}


def test_private_copies_lie_where_the_house_says(
    solo: Terminal, foreign: Path, quick: Path
) -> None:
    settings = load_settings(solo.folder)
    large = IntakeSettings(folder=quick / "large")
    (solo.folder / FILE_NAME).write_text(replace(settings, intake=large).to_toml())

    assert solo.ok("intake", "add", foreign)["state"] == "waiting"

    assert [path.name for path in (quick / "large").iterdir()] == [settings.room]
    assert not (solo.folder / "quarantine").exists()
