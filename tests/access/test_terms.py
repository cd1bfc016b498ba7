"""The terms of a class are what the files say, and files that err stop the start."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import timedelta
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access.terms import (
    APPROVED_ACTIONS,
    Terms,
    load_terms,
    parse_terms,
)
from strongroom.errors import SetupError
from strongroom.types import Classification, Profile

PACKAGED = (
    resources.files("strongroom.access") / "policies" / "terms.toml"
).read_text()


@dataclass(frozen=True)
class Row:
    """One line of the table in ``docs/reference/policy.md``."""

    profile: str
    name: str
    approvals: int
    factor: bool
    wait_hours: int
    caps: tuple[int | None, int | None]
    whole: bool


TABLE = [
    Row("solo", "open", 0, False, 0, (None, None), True),
    Row("solo", "internal", 0, False, 0, (None, None), True),
    Row("solo", "restricted", 0, True, 24, (None, None), True),
    Row("small", "open", 0, False, 0, (None, None), True),
    Row("small", "internal", 1, True, 0, (None, None), True),
    Row("small", "restricted", 1, True, 0, (25, 45), False),
    Row("hardened", "open", 0, False, 0, (None, None), True),
    Row("hardened", "internal", 1, True, 0, (None, None), True),
    Row("hardened", "restricted", 2, True, 0, (25, 45), False),
    Row("standard", "open", 0, False, 0, (None, None), True),
    Row("standard", "internal", 1, True, 0, (None, None), True),
    Row("standard", "restricted", 2, True, 0, (25, 45), False),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.profile}-{row.name}")
def test_each_class_asks_for_what_the_design_says(row: Row) -> None:
    terms = load_terms(Profile(row.profile)).of(Classification(row.name))

    small = row.profile == "small"
    assert terms.approvals == row.approvals
    assert terms.distinct_teams == (0 if small else row.approvals)
    assert terms.own_team_counts is small
    assert terms.second_factor_required is row.factor
    assert terms.wait == timedelta(hours=row.wait_hours)
    assert (terms.person_cap_percent, terms.pair_cap_percent) == row.caps
    assert terms.whole_model_to_a_person is row.whole
    assert terms.backdoor_report_required is (row.name == "restricted")


def test_terms_that_say_nothing_of_backdoor_reports_ask_for_one() -> None:
    """A house wrote its terms before there was anything to say."""
    silent = PACKAGED.replace("backdoor_report_required = false\n", "")
    terms = parse_terms(Profile.STANDARD, silent.encode())

    facts = terms.of(Classification.OPEN).release_facts(1)
    assert facts["backdoorReportRequired"] is True


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("solo", "internal"),
        ("small", "restricted"),
        ("standard", "restricted"),
        ("hardened", "restricted"),
    ],
)
def test_an_artifact_without_a_parent_has_the_default_class(
    profile: str, expected: str
) -> None:
    assert load_terms(Profile(profile)).default_class == expected


@pytest.mark.parametrize("profile", Profile)
def test_only_hardened_asks_for_signed_approvals(profile: Profile) -> None:
    assert load_terms(profile).signed_approvals is (profile is Profile.HARDENED)


@pytest.mark.parametrize("own", [1, 2])
def test_where_the_own_team_counts_no_team_is_counted(own: int) -> None:
    restricted = load_terms(Profile.SMALL).of(Classification.RESTRICTED)

    with pytest.raises(SetupError, match="teams"):
        dataclasses.replace(restricted, approvals=2, distinct_teams=own)


@pytest.mark.parametrize("action", sorted(APPROVED_ACTIONS))
def test_only_standard_asks_another_team_for_administrative_actions(
    action: str,
) -> None:
    standard = load_terms(Profile.STANDARD).of_action(action)
    solo = load_terms(Profile.SOLO).of_action(action)

    assert (standard.approvals, standard.distinct_teams) == (1, 1)
    assert (solo.approvals, solo.distinct_teams) == (0, 0)


def test_other_actions_ask_for_a_second_factor_and_nobody_else() -> None:
    terms = load_terms(Profile.STANDARD).of_action("request:approve")

    assert terms.approvals == 0
    assert terms.second_factor_required


def test_caps_are_floors_of_the_bytes() -> None:
    terms = load_terms(Profile.STANDARD).of(Classification.RESTRICTED)

    facts = terms.release_facts(10)

    assert (facts["personCapBytes"], facts["pairCapBytes"]) == (2, 4)


def test_an_uncapped_class_states_no_cap() -> None:
    terms = load_terms(Profile.STANDARD).of(Classification.OPEN)

    assert "personCapBytes" not in terms.release_facts(10)
    assert terms.pair_cap_bytes(10) is None


@given(st.integers(-5, 120), st.integers(-5, 120))
def test_only_caps_in_order_and_below_the_whole_are_taken(
    person: int, pair: int
) -> None:
    restricted = load_terms(Profile.STANDARD).of(Classification.RESTRICTED)

    def build() -> Terms:
        return dataclasses.replace(
            restricted, person_cap_percent=person, pair_cap_percent=pair
        )

    if 0 < person <= pair < 100:
        assert build().pair_cap_percent == pair
    else:
        with pytest.raises(SetupError):
            build()


@given(st.integers(-2, 22), st.integers(-2, 22))
def test_approvals_come_from_at_least_one_and_at_most_as_many_teams(
    approvals: int, teams: int
) -> None:
    restricted = load_terms(Profile.STANDARD).of(Classification.RESTRICTED)

    def build() -> Terms:
        return dataclasses.replace(
            restricted, approvals=approvals, distinct_teams=teams
        )

    if 0 <= approvals <= 20 and (1 if approvals else 0) <= teams <= approvals:
        assert build().approvals == approvals
    else:
        with pytest.raises(SetupError):
            build()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("person_cap_percent = 25", "person_cap_percent = 50", "not in order"),
        ("pair_cap_percent = 45", "pair_cap_percent = 100", "not in order"),
        ("pair_cap_percent = 45", "", "come together"),
        ("person_cap_percent = 25", "person_cap_percent = 25.0", "is not int"),
        ("approvals = 2", "approvals = true", "is not int"),
        ("approvals = 2", "approvals = 1", "cannot come from"),
        ("approvals = 2", "approvals = 2\nbreak_glass = true", "unknown key"),
        ("approvals = 2", "", "is not int"),
        ("second_factor_required = true", "second_factor_required = 1", "not bool"),
        ("604800", "99999999999999999999", "outside a year"),
        ("604800", "-1", "outside a year"),
        ('default_class = "restricted"', 'default_class = "secret"', "secret"),
        ('default_class = "restricted"', "", "None"),
        ("[standard.administration]", "[standard.other]", "absent"),
        ("distinct_teams = 1\n", "distinct_teams = 1\napprovals = 1\n", "TOML"),
        (
            "pair_cap_percent = 45\nwhole_model_to_a_person = false",
            "pair_cap_percent = 45\nwhole_model_to_a_person = true",
            "whole model",
        ),
        (
            "approvals = 1\ndistinct_teams = 1",
            "approvals = 3\ndistinct_teams = 3",
            "less",
        ),
    ],
)
def test_a_table_that_contradicts_itself_stops_the_start(
    old: str, new: str, said: str
) -> None:
    text = PACKAGED
    assert old in text

    with pytest.raises(SetupError, match=said):
        parse_terms(Profile.STANDARD, text.replace(old, new).encode())


def test_a_house_may_keep_its_own_table(tmp_path: Path) -> None:
    own = PACKAGED.replace("person_cap_percent = 25", "person_cap_percent = 10")
    (tmp_path / "terms.toml").write_text(own)

    terms = load_terms(Profile.STANDARD, folder=tmp_path)

    assert terms.of(Classification.RESTRICTED).person_cap_percent == 10


def test_an_absent_table_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"terms\.toml"):
        load_terms(Profile.STANDARD, folder=tmp_path)


def test_an_endless_table_is_not_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "terms.toml").write_text("#" * 70_000)

    with pytest.raises(SetupError, match="longer"):
        load_terms(Profile.STANDARD, folder=tmp_path)


@pytest.mark.parametrize("data", [b"\xff", b"[" * 5000, b"solo = 3", b""])
def test_what_is_no_table_stops_the_start(data: bytes) -> None:
    with pytest.raises(SetupError):
        parse_terms(Profile.SOLO, data)
