"""Courses, texts and accounts: as people type it."""

from __future__ import annotations

import shutil
from importlib import resources

import pytest

from tests.cli.conftest import Office

TEXT = "ab" * 32
ADD = ("account", "training", "add", "ana", "weights")


@pytest.fixture
def strict(office: Office) -> Office:
    """Give an office whose rules ask for a course and a text."""
    with resources.as_file(resources.files("strongroom.access") / "policies") as ours:
        shutil.copytree(ours, office.folder / "rules")
    terms = office.folder / "rules" / "terms.toml"
    asked = f'[standard.training]\nrestricted = ["weights"]\nresearcher = ["{TEXT}"]\n'
    terms.write_text(terms.read_text() + asked)
    settings = office.folder / "room.toml"
    settings.write_text('policy = "rules"\n' + settings.read_text())
    return office


def test_a_course_is_recorded_and_shown(strict: Office) -> None:
    root = strict.at("root")

    done = root.run(*ADD, "--until", "2099-06-30")

    assert done.status == 0, done.err
    assert done.out == "weights counts for ana until the end of 2099-06-30\n"
    shown = root.run("account", "show", "ana").out
    assert "weights, until 2099-07-01 00:00 UTC" in shown
    assert "lacking   text abababababab (not acknowledged)" in shown


def test_a_text_is_acknowledged_by_oneself(strict: Office) -> None:
    ana = strict.at("ana")

    ana.ok("account", "acknowledge", TEXT.upper())

    shown = ana.ok("account", "show", "ana")
    assert shown["lacking"] == []
    assert shown["training"][0]["kind"] == "text"


def test_a_course_is_taken_back(strict: Office) -> None:
    root = strict.at("root")
    root.ok(*ADD, "--until", "2099-06-30")

    root.ok("account", "training", "remove", "ana", "weights")

    assert "weights, expired on" in root.run("account", "show", "ana").out


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        ((*ADD, "--until", "2020-01-01"), 65, "is over"),
        ((*ADD, "--until", "soon"), 65, "'soon' is no date"),
        ((*ADD, "--until", "9999-12-31"), 65, "is no date"),
        ((*ADD[:-1], "weihgts", "--until", "2099-01-01"), 65, "nothing asks for the"),
        (("account", "acknowledge", "x"), 65, "nothing asks for the text 'x'"),
        (("account", "training", "remove", "ana", "weights"), 73, "does not count"),
        (("account", "training", "remove", "nobody", "weights"), 66, "no account"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_one_hint(
    strict: Office, words: tuple[str, ...], status: int, sentence: str
) -> None:
    done = strict.at("root").run(*words)

    assert sentence in done.err
    assert "strongroom: hint: " in done.err
    assert done.status == status
