"""``strongroom model``: what there is, and which version a name means."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Office
from tests.cli.terminal import Terminal
from tests.journeys.rooms import write_small_model


@pytest.fixture(scope="module")
def sealed_template(
    tiny_template: Terminal, tmp_path_factory: pytest.TempPathFactory
) -> Terminal:
    """Give the terminal of ``sealed``; copied for each test."""
    folder = tmp_path_factory.mktemp("sealed")
    model = write_small_model(folder / "model")
    (model / "config.json").write_text('{"hidden_size": 65}\n')
    solo = tiny_template.copy(folder / "solo")
    solo.ok("seal", model, "--as", "tiny")
    return solo


@pytest.fixture
def sealed(sealed_template: Terminal, quick: Path) -> Terminal:
    """Give a terminal in front of a room with two versions of one model."""
    return sealed_template.copy(quick)


def test_the_list_says_what_main_is(sealed: Terminal) -> None:
    assert "tiny" in sealed.run("model", "list").out
    assert "main is 2" in sealed.run("model", "list").out
    assert sealed.ok("model", "list")["references"] == {"main": 2}


def test_a_version_is_drawn_with_its_domains_and_thieves(sealed: Terminal) -> None:
    done = sealed.run("model", "show", "tiny@1")

    assert "tiny@1  internal" in done.out
    assert "a thief of" in done.out
    assert "█" in done.out


def test_versions_are_listed_with_their_states(sealed: Terminal) -> None:
    rows = sealed.ok("model", "versions", "tiny")

    assert [row["version"] for row in rows] == [1, 2]
    assert {row["state"] for row in rows} == {"published"}
    assert sealed.run("model", "versions", "tiny").out.count("published") == 2


def test_going_back_moves_main_and_loses_nothing(sealed: Terminal) -> None:
    moved = sealed.ok("model", "rollback", "tiny@1", "--reason", "2 regressed")

    assert (moved["reference"], moved["version"]) == ("main", 1)
    assert sealed.ok("model", "show", "tiny")["version"] == 1
    assert sealed.ok("model", "show", "tiny@2")["version"] == 2


def test_prod_moves_only_after_every_byte_was_read(sealed: Terminal) -> None:
    sealed.ok("model", "rollback", "tiny@2", "--prod")
    objects = [p for p in (sealed.folder / "stores").rglob("*") if p.is_file()]
    for path in objects:
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.chmod(0o600)
        path.write_bytes(data)

    done = sealed.run("model", "rollback", "tiny@1", "--prod")

    assert done.status == 76
    assert sealed.ok("model", "list")["references"]["prod"] == 2


def test_verify_says_how_deep_it_looked(sealed: Terminal) -> None:
    assert "--deep" in sealed.run("model", "verify", "tiny").out
    assert (
        "every byte is as sealed" in sealed.run("model", "verify", "tiny", "--deep").out
    )


def test_a_lost_object_is_found(sealed: Terminal) -> None:
    for path in (sealed.folder / "stores").rglob("*"):
        if path.is_file():
            path.unlink()

    assert sealed.run("model", "verify", "tiny", "--deep").status == 66


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("show", "absent"), 66),
        (("show", "tiny@7"), 66),
        (("rollback", "tiny"), 65),
        (("rollback", "tiny@7"), 66),
        (("caps", "tiny", "--person", "50", "--pair", "40"), 65),
        (("caps", "tiny", "--person", "0", "--pair", "40"), 64),
        (("versions", "absent"), 66),
    ],
)
def test_what_is_not_there_is_said(
    sealed: Terminal, words: tuple[str, ...], status: int
) -> None:
    done = sealed.run("model", *words)

    assert done.status == status
    assert done.out == ""


def test_caps_wait_for_somebody_of_another_team(office: Office, model: Path) -> None:
    asked = office.at("olga").ok("seal", model, "--as", "llm")["request"]
    office.at("ines").ok("approve", asked)

    caps = office.at("root").ok(
        "model", "caps", "llm", "--person", "20", "--pair", "30"
    )

    assert caps["state"] == "pending"
    assert office.at("tom").ok("approve", caps["request"])["state"] == "approved"
    shown = office.at("tom").ok("exposure", "llm")
    assert shown["person_cap_bytes"] == shown["model_bytes"] * 20 // 100
