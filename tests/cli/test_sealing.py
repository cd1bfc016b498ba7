"""``strongroom seal``: a picture for people, documents for programs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Office
from tests.cli.terminal import Terminal


def test_sealing_draws_segments_and_what_thieves_would_see(
    solo: Terminal, model: Path
) -> None:
    done = solo.run("seal", model, "--as", "tiny")

    assert done.status == 0
    assert "tiny@1  internal" in done.out
    assert "█" in done.out
    assert "of ciphertext" in done.out
    assert "home and its passphrase  100.0 %" in done.out
    assert "no independent witness" in done.out
    assert done.err == ""


def test_a_program_gets_the_same_in_one_document(solo: Terminal, model: Path) -> None:
    sealed = solo.ok("seal", model, "--as", "tiny", "--class", "open")

    assert (sealed["model"], sealed["version"], sealed["class"]) == ("tiny", 1, "open")
    assert sealed["state"] == "published"
    shares = [segment["plain_bytes"] for segment in sealed["segments"]]
    assert sum(shares) >= sealed["plain_bytes"]  # the map of the files is in it too
    home = sealed["theft"]["domains"]["home"]
    assert home["plain_bytes"] == sum(shares)


def test_three_domains_are_named_with_what_each_would_give_away(
    office: Office, model: Path
) -> None:
    done = office.at("olga").run("seal", model, "--as", "llm")

    assert done.status == 0
    for domain in ("architecture", "biases", "weights"):
        assert f"{domain} and its passphrase" in done.out
    assert "strongroom approve request-" in done.out


def test_a_second_seal_is_the_next_version(solo: Terminal, model: Path) -> None:
    solo.ok("seal", model, "--as", "tiny")
    (model / "config.json").write_text('{"hidden_size": 65}\n')

    assert solo.ok("seal", model, "--as", "tiny")["version"] == 2


def test_a_plan_decides_which_bytes_go_where(
    solo: Terminal, model: Path, quick: Path
) -> None:
    plan = quick / "plan.toml"
    plan.write_text("most_percent = 50\n")

    sealed = solo.ok("seal", model, "--plan", plan)

    assert len(sealed["segments"]) < len(solo.ok("seal", model)["segments"])


@pytest.mark.parametrize(
    "name", ["..", "a/../b", "x" * 300, "модель", "", "A model", "a\u202eb"]
)
def test_a_name_that_people_cannot_tell_apart_is_refused(
    solo: Terminal, model: Path, name: str
) -> None:
    done = solo.run("seal", model, "--as", name)

    assert done.status == 65
    assert done.err.count("\n") == 2
    assert "strongroom: hint: use up to 64 characters" in done.err


def test_a_pickle_is_refused_and_intake_is_named(solo: Terminal, model: Path) -> None:
    (model / "pytorch_model.bin").write_bytes(b"\x80\x04K\x01.")

    done = solo.run("seal", model)

    assert done.status == 65
    assert "pickle" in done.err
    assert "intake" in done.err
    assert solo.run("model", "list").out == "no model is sealed yet\n"


def test_a_cut_safetensors_file_is_refused_with_its_name(
    solo: Terminal, model: Path
) -> None:
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])

    done = solo.run("seal", model)

    assert done.status == 65
    assert "model.safetensors" in done.err


@pytest.mark.parametrize("words", [["seal", "absent"], ["seal", ".", "--plan", "no"]])
def test_what_is_not_there_is_named(solo: Terminal, words: list[str]) -> None:
    done = solo.run(*words)

    assert done.status in {65, 66}
    assert words[-1] in done.err
    assert "Traceback" not in done.err


def test_a_plan_that_is_no_text_is_refused(
    solo: Terminal, model: Path, quick: Path
) -> None:
    plan = quick / "plan.toml"
    plan.write_bytes(b"\xff\xfe")

    assert solo.run("seal", model, "--plan", plan).status == 65
