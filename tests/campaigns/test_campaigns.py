"""Short runs of the campaigns; ``./dev campaign NAME`` runs long ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from campaigns import kill, race, tamper
from campaigns._after import problems_after
from campaigns._attempts import Attempts, ending_of
from campaigns._changes import CHANGES
from campaigns._contests import CONTESTS
from campaigns._documents import documents
from campaigns._lives import Life
from campaigns._places import LeftoverError, SameError
from campaigns._promises import Promises
from campaigns._steps import Step
from strongroom.cli.demo.story import Story
from strongroom.errors import InputError, IntegrityError
from tests.attacks.rooms import told_until_the_attacks


@pytest.mark.slow
def test_nothing_that_was_changed_is_accepted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["--bits", "499", "--documents", "1000", "--count", "65", "--seed", "7"]

    status = tamper.main(words)

    captured = capsys.readouterr()
    line = json.loads(captured.out)
    assert status == 0, captured.err
    assert (line["bad"], line["seed"]) == (0, 7)
    assert line["changes"] > 1900
    assert len(line["refused"]) == 21
    assert len(line["healthy"]) == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ["--acts", "cycle", "--every", "30", "--cuts"],
        ["--acts", "rotate", "--every", "30", "--servers", "1", "--postgresql"],
    ],
    ids=["sqlite", "postgresql"],
)
def test_a_killed_process_loses_no_promise(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    status = kill.main([*words, "--rounds", "1", "--pages", "0"])

    captured = capsys.readouterr()
    line = json.loads(captured.out)
    assert status == 0, captured.err
    assert line["problems"] == 0
    assert line["promises"]
    assert sum(line["killed"].values()) > 1
    assert (line["unsynced_lost"] > 0) is ("--cuts" in words)


@pytest.mark.slow
@pytest.mark.parametrize("database", [[], ["--postgresql"]], ids=["sqlite", "pg"])
def test_no_race_exceeds_a_cap(
    database: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--requests", "24", "--each", "4", "--processes", "3"]

    status = race.main([*words, *database])

    captured = capsys.readouterr()
    line = json.loads(captured.out)
    assert status == 0, captured.err
    assert line["requests"] == 24
    assert line["endings"].keys() == CONTESTS.keys()
    assert all(ends["ok"] for ends in line["endings"].values())


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_of_a_campaign_changes_something(name: str) -> None:
    honest, others = bytes(range(64)), [bytes(range(64, 128)), b"short"]
    random = Random(1)  # noqa: S311 (no secret)

    for _ in range(200):
        assert CHANGES[name](random, honest, others) != honest


@pytest.mark.parametrize(
    ("error", "ending"),
    [
        (None, "accepted"),
        (IntegrityError("x"), "IntegrityError"),
        (InputError("x"), "wrong: InputError"),
        (IntegrityError("the key is sesame"), "told a secret"),
        (LeftoverError(), "left plaintext"),
        (SameError(), "means the same"),
        (KeyError(), "crashed"),
    ],
)
def test_only_the_right_refusal_is_a_good_end(
    error: Exception | None, ending: str
) -> None:
    def use() -> None:
        if error is not None:
            raise error

    assert ending_of(use, (IntegrityError,), ("sesame",)) == ending


@pytest.mark.parametrize("ending", ["accepted", "crashed", "wrong: InputError"])
def test_a_bad_end_is_told_and_fails_the_campaign(ending: str) -> None:
    told: list[str] = []
    attempts = Attempts(tell=told.append)

    attempts.note("permit", "change 3", "IntegrityError")
    attempts.note("permit", "change 4", ending)

    assert (attempts.count, attempts.bad) == (2, 1)
    assert told == [f"permit: change 4: {ending}\n"]


@pytest.mark.parametrize(
    ("killed", "status", "server", "problems"),
    [
        (True, -9, False, 0),
        (False, 0, False, 0),
        (False, 1, True, 0),
        (False, 1, False, 1),
    ],
)
def test_a_life_that_fails_by_itself_is_a_problem(
    killed: bool, status: int, server: bool, problems: int
) -> None:
    """Where a library was missing, a campaign counted such lives as survivors."""
    life = Life(before=frozenset(), heard=(), killed=killed, status=status, seconds=0.0)

    found = kill._problems_in(Step(number=1, act="seal", server=server), life)

    assert len(found) == problems


def test_honest_documents_are_accepted(tmp_path: Path) -> None:
    """Else their refusals would prove nothing."""
    found = documents(tmp_path)

    for document in found:
        document.read(document.honest)

    assert len({document.kind for document in found}) > 10


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    told = told_until_the_attacks(tmp_path_factory.mktemp("campaigns"))
    yield told
    told.close()


@pytest.mark.parametrize(
    ("promise", "problem"),
    [
        ({"sealed": [9]}, "version 9 was sealed and is lost"),
        ({"asked": ["request-x"]}, "request-x was asked and is lost"),
        ({"approved": ["request-x"]}, "request-x was approved and has no permit"),
        ({"opened": {"head": 10**9}}, "rosa opened 1000000000 bytes and is charged"),
    ],
)
def test_a_promise_that_was_not_kept_is_a_problem(
    story: Story, promise: dict[str, object], problem: str
) -> None:
    promises = Promises(**promise)  # type: ignore[arg-type]  # one field each

    found = problems_after(story.house, "minilm", promises, {})

    assert len(found) == 1
    assert found[0].startswith(problem)
    assert problems_after(story.house, "minilm", Promises(), {}) == []
