"""Access reviews as people type them."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Office

ACCESS = ("review", "access")


def test_a_review_is_started_listed_and_answered(office: Office) -> None:
    started = office.at("root").run(*ACCESS, "start", "--due", "14d")
    assert started.status == 0, started.err
    assert "people who could be handed weights today: open" in started.out
    assert "nobody was told" in started.out
    ines = office.at("ines")
    rows = ines.run(*ACCESS, "list", "--json").rows
    mine = {(row["name"], row["what"]): row["item"] for row in rows}

    kept = ines.ok(*ACCESS, "keep", mine["ana", "default"])
    gone = ines.run(*ACCESS, "remove", mine["ana", "researcher"])

    assert kept["answer"] == "keep"
    assert gone.out == "taken away, and sessions ended\n"
    assert len(ines.run(*ACCESS, "list", "--json").rows) == len(rows) - 2
    assert len(ines.run(*ACCESS, "list", "--all", "--json").rows) == len(rows)
    shown = office.at("root").ok("account", "show", "ana")
    assert (shown["roles"], shown["projects"]) == ([], ["default"])


def test_without_a_review_nothing_waits(office: Office) -> None:
    assert office.at("ines").run(*ACCESS, "list").out == "nothing waits for an answer\n"


@pytest.mark.parametrize(
    ("who", "words", "status", "sentence"),
    [
        ("root", ("start", "--due", "0d"), 65, "a review is due later than now"),
        ("root", ("start", "--due", "yesterday"), 65, "is no duration"),
        ("ana", ("start",), 77, "no rule allows access:start"),
        ("ines", ("keep", "item-x"), 66, "0 items of reviews"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_one_hint(
    office: Office, who: str, words: tuple[str, ...], status: int, sentence: str
) -> None:
    done = office.at(who).run(*ACCESS, *words)

    assert sentence in done.err
    assert "strongroom: hint: " in done.err
    assert done.status == status
