"""Terms of people that contradict themselves stop the start."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from strongroom.access.person_terms import BreakGlassTerms
from strongroom.access.terms import load_terms
from strongroom.errors import SetupError
from strongroom.types import Profile

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
