"""``strongroom exposure``: who holds how much, for people to read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Office
from tests.cli.terminal import Terminal


@pytest.fixture
def house(published: Office) -> Office:
    """Give an office in which two researchers hold a segment each."""
    office = published
    for name, segment in (("ana", "biases"), ("ben", "blocks.0.0")):
        request = office.at(name).ok(
            *("request", "llm", "--segment", segment, "--purpose", "probe")
        )["request"]
        for approver in ("ines", "tom"):
            office.at(approver).ok("approve", request)
        if name == "ana":
            office.at(name).ok("open", request)
    return office


def test_released_and_reserved_bytes_are_told_apart(house: Office) -> None:
    shown = house.at("ines").ok("exposure", "llm")

    by_name = {row["name"]: row for row in shown["accounts"]}
    assert by_name["ana"]["released_bytes"] > 0
    assert by_name["ana"]["reserved_bytes"] == 0
    assert by_name["ben"]["released_bytes"] == 0
    assert by_name["ben"]["reserved_bytes"] > 0


def test_the_worst_pair_and_the_smallest_group_are_named(house: Office) -> None:
    shown = house.at("ines").ok("exposure", "llm")

    assert set(shown["worst_pair"]["names"]) == {"ana", "ben"}
    assert shown["coalition"] is None
    assert shown["coalition_bound"] == 5  # at 25 % and 45 %
    assert shown["recorded_rule_only"] is True
    assert shown["sealers"] == ["olga"]


def test_a_person_reads_it_with_a_bar_for_each(house: Office) -> None:
    done = house.at("ines").run("exposure", "llm")

    assert "ana" in done.out
    assert any(mark in done.out for mark in "▏▎▍▌▋▊▉█")
    assert "5 people while caps are kept" in done.out
    assert "Recorded rule only" in done.out
    assert "olga; had all of it before" in done.out


def test_without_caps_it_says_so(solo: Terminal, model: Path) -> None:
    solo.ok("seal", model, "--as", "tiny")

    done = solo.run("exposure", "tiny")

    assert "nobody was given any of it" in done.out
    assert "none: one person may hold the whole" in done.out


def test_a_model_that_is_not_there_is_named(solo: Terminal) -> None:
    assert solo.run("exposure", "absent").status == 66
