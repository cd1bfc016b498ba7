"""What is said about a hostile file is short, and shows on any terminal."""

from __future__ import annotations

import pytest

from strongroom.errors import InputError
from strongroom.intake.findings import (
    Finding,
    Level,
    RefusedError,
    counted,
    quoted,
)


def test_a_refusal_becomes_a_finding() -> None:
    error = RefusedError("pickle/global", "names os.system", place="at 12")
    assert error.finding() == Finding(
        rule="pickle/global",
        level=Level.ERROR,
        message="names os.system",
        place="at 12",
    )


def test_a_long_message_is_cut() -> None:
    assert len(RefusedError("file/cut", "x" * 10_000).finding().message) == 600


@pytest.mark.parametrize("rule", ["", "Pickle", "a b", "a/b/c", "a\n"])
def test_a_rule_is_a_name(rule: str) -> None:
    with pytest.raises(InputError):
        Finding(rule=rule, level=Level.NOTE, message="m")


def test_quoted_text_is_ascii_and_short() -> None:
    shown = quoted("\x1b[2Jé\u202e\ud800" + "x" * 1000)
    assert shown.isascii()
    assert "\x1b" not in shown
    assert len(shown) < 200


def test_one_is_counted_as_one() -> None:
    said = [counted(count, "file") for count in (0, 1, 2)]
    assert said == ["0 files", "1 file", "2 files"]
