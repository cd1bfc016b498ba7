"""Terms of people that contradict themselves stop the start."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from strongroom.access.person_terms import (
    BreakGlassTerms,
    TrainingTerms,
    flag,
    is_text,
    training_terms,
)
from strongroom.access.terms_file import load_terms
from strongroom.errors import SetupError
from strongroom.types import Classification, Profile, Role

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_standard_has_an_hour_and_a_day_and_solo_has_none() -> None:
    terms = load_terms(Profile.STANDARD).break_glass

    assert terms == BreakGlassTerms(longest=HOUR, review_within=DAY)
    assert load_terms(Profile.SOLO).break_glass is None


@pytest.mark.parametrize(
    ("longest", "within"),
    [(timedelta(0), DAY), (HOUR + timedelta(seconds=1), DAY), (HOUR, timedelta(0))],
)
def test_durations_out_of_bounds_are_refused(
    longest: timedelta, within: timedelta
) -> None:
    with pytest.raises(SetupError):
        BreakGlassTerms(longest=longest, review_within=within)


def test_a_house_that_says_two_hours_does_not_start(folder: Path) -> None:
    terms = folder / "terms.toml"
    terms.write_text(
        terms.read_text().replace("longest_seconds = 3600", "longest_seconds = 7200")
    )

    with pytest.raises(SetupError, match="standard: a permit past the approvals lasts"):
        load_terms(Profile.STANDARD, folder=folder)


def test_no_profile_asks_for_training_unless_a_house_says_so() -> None:
    assert all(load_terms(profile).training == TrainingTerms() for profile in Profile)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("[]", "training is a table"),
        ("{ secret = [] }", "no class and no role"),
        ("{ open = 'x' }", "is a list of courses"),
        ("{ open = [3] }", "is a list of courses"),
        ("{ restricted = ['Two Words'] }", "neither a course nor the digest"),
        ("{ restricted = ['../x'] }", "neither a course nor the digest"),
        ("{ open = ['a'] }", "open asks for a, and internal does not"),
        (
            "{ internal = ['a'], restricted = ['b'] }",
            "internal asks for a, and restricted does not",
        ),
    ],
)
def test_training_that_makes_no_sense_stops_the_start(
    folder: Path, table: str, says: str
) -> None:
    terms = folder / "terms.toml"
    terms.write_text(
        terms.read_text().replace("[standard]\n", f"[standard]\ntraining = {table}\n")
    )

    with pytest.raises(SetupError, match=says):
        load_terms(Profile.STANDARD, folder=folder)


def test_a_class_and_the_roles_of_a_person_add_up() -> None:
    terms = training_terms(
        {"restricted": ["a"], "researcher": ["b"], "approver": ["c"]}
    )

    assert terms.known == {"a", "b", "c"}
    assert terms.asked_of([Role.RESEARCHER], Classification.RESTRICTED) == {"a", "b"}
    assert terms.asked_of([Role.APPROVER], None) == {"c"}
    assert terms.asked_of([], Classification.OPEN) == frozenset()


def test_the_longest_and_the_shortest_that_is_taken() -> None:
    least = timedelta.resolution

    assert BreakGlassTerms(longest=HOUR, review_within=least).longest == HOUR
    assert BreakGlassTerms(longest=least, review_within=DAY).longest == least


@pytest.mark.parametrize("name", ["a", "a" * 41, "a-1", "0f" * 32])
def test_a_course_or_a_text_has_a_name(name: str) -> None:
    terms = TrainingTerms(roles={Role.OPERATOR: frozenset({name})})

    assert terms.known == {name}
    assert is_text(name) is (len(name) == 64)


@pytest.mark.parametrize(
    "name", ["", "a" * 42, "1a", "-a", "A", "a\n", "0f" * 32 + "0", "0F" * 32, "é"]
)
def test_another_name_is_none(name: str) -> None:
    with pytest.raises(SetupError, match="neither a course nor the digest"):
        TrainingTerms(roles={Role.OPERATOR: frozenset({name})})


def test_a_role_asks_for_more_than_a_class_and_nothing_asks_for_nothing() -> None:
    terms = training_terms({"internal": ["a"], "restricted": ["a", "b"]})

    assert terms.roles == {}
    assert terms.asked_of(Role, Classification.INTERNAL) == {"a"}
    assert terms.asked_of([Role.OPERATOR], None) == frozenset()
    assert training_terms(None) == training_terms({}) == TrainingTerms()


@pytest.mark.parametrize("value", [None, 1, "true"])
def test_a_flag_is_yes_or_no(value: object) -> None:
    assert flag({"x": True}, "x")
    assert not flag({"x": False}, "x")
    with pytest.raises(SetupError, match="x is not bool"):
        flag({"x": value}, "x")
