"""Papers are shown to one person at a time, and read from files or as typed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from strongroom.cli.papers import read_papers
from strongroom.crypto.slip39 import to_words
from strongroom.errors import (
    InputError,
    IntegrityError,
    MissingError,
    SetupError,
    UnavailableError,
)
from tests.cli.keyboard import Keyboard
from tests.cli.terminal import Terminal
from tests.crypto.test_paper import PAPER


def test_papers_are_read_from_files(tmp_path: Path) -> None:
    (tmp_path / "one").write_text(PAPER.to_text())

    assert read_papers([str(tmp_path / "one")]) == [PAPER]


def test_a_file_with_a_typing_mistake_is_named_with_the_word(tmp_path: Path) -> None:
    words = list(to_words(PAPER.share))
    words[11] = "zero" if words[11] != "zero" else "acid"
    (tmp_path / "one").write_text(" ".join(words))

    with pytest.raises(IntegrityError, match=r"one: word 12, "):
        read_papers([str(tmp_path / "one")])


def test_a_file_without_a_paper_is_named(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("nothing of it")
    with pytest.raises(InputError, match=r"one: word 1, 'nothing'"):
        read_papers([str(tmp_path / "one")])
    (tmp_path / "one").write_bytes(b"\xff\xfe")
    with pytest.raises(UnavailableError, match="one cannot be read"):
        read_papers([str(tmp_path / "one")])
    with pytest.raises(MissingError, match="no file"):
        read_papers([str(tmp_path / "two")])


def test_nobody_types_where_nobody_sits() -> None:
    with pytest.raises(SetupError, match="nobody is there"):
        read_papers([])


def test_a_paper_is_on_the_screen_until_its_holder_has_its_last_word(
    solo: Terminal,
) -> None:
    made = Keyboard(
        *("recovery", "create", "--papers", "1", "--threshold", "1"),
        environment=solo.variables,
    )
    made.expect("holder of paper 1 of 1, alone, then press Enter")
    made.type("")
    made.expect("Type word 33")
    last = re.findall(r"33 ([a-z]+)\r", made.shown)[0]
    made.type("guess")
    made.expect("not the word")
    made.type(last)

    assert made.done() == 0
    assert "any 1 of 1 papers restore home" in made.shown
