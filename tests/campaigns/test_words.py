"""What commands answer to words that nobody would type; long by hand."""

from __future__ import annotations

import json

import pytest

from campaigns import words
from campaigns._typed import Answer, problems_of
from tests.cli.terminal import PASSPHRASE


@pytest.mark.slow
def test_no_words_meet_a_bug(capsys: pytest.CaptureFixture[str]) -> None:
    status = words.main(["--count", "16", "--seed", "5"])

    line = json.loads(capsys.readouterr().out)
    assert status == 0, line
    assert (line["lines"], line["problems"]) == (16, 0)
    assert line["commands"] > 10
    assert "64" in line["statuses"]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Answer(status=70, out="", err="a bug", late=False), "a bug of ours"),
        (Answer(status=137, out="", err="x", late=False), "ended by signal 9"),
        (Answer(status=0, out="", err="", late=True), "did not end"),
        (Answer(status=1, out="", err="", late=False), "without a word"),
        (Answer(status=0, out=PASSPHRASE, err="", late=False), "a secret"),
        (Answer(status=0, out="\x1b[0m", err="", late=False), "escapes"),
        (Answer(status=0, out="poem", err="", late=False), "is no JSON"),
        (
            Answer(
                status=65, out="", err="Traceback (most recent call last)", late=False
            ),
            "a traceback",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_command_must_not_do_is_a_problem(answer: Answer, problem: str) -> None:
    said = [*problems_of("model list", ["model", "list", "--json"], answer)]

    assert any(problem in one for one in said)


def test_a_sentence_and_a_hint_are_none() -> None:
    good = Answer(status=65, out="", err='{"error": "no"}\n', late=False)

    assert [*problems_of("model list", ["model", "list", "--json"], good)] == []
