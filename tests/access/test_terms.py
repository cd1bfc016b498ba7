"""The terms of a class are what the design says, and hold together."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import timedelta
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access.terms import APPROVED_ACTIONS, Terms, TermsTable
from strongroom.access.terms_file import load_terms, parse_terms
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
    assert terms.advice_review_required is (row.name == "restricted")


def test_terms_that_say_nothing_of_backdoor_reports_ask_for_one() -> None:
    """A house wrote its terms before there was anything to say."""
    silent = PACKAGED.replace("backdoor_report_required = false\n", "")
    terms = parse_terms(Profile.STANDARD, silent.encode())

    facts = terms.of(Classification.OPEN).release_facts(1)
    assert facts["backdoorReportRequired"] is True


def test_terms_that_say_nothing_of_advice_have_it_looked_at() -> None:
    silent = PACKAGED.replace("advice_review_required = false\n", "")
    said, unsaid = (
        parse_terms(Profile.STANDARD, text.encode()) for text in (PACKAGED, silent)
    )

    assert unsaid.reviews_advice(Classification.OPEN)
    assert not said.reviews_advice(Classification.OPEN)
    assert said.reviews_advice(Classification.RESTRICTED)
    assert said.reviews_advice(None)  # what it becomes is not known


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


def laxer_and_stricter(less: tuple[int, int], more: tuple[int, int]) -> TermsTable:
    """Return a table where ``internal`` and ``restricted`` ask for so much."""
    table = load_terms(Profile.STANDARD)
    classes = dict(table.classes)
    for name, (people, teams) in (
        (Classification.OPEN, (0, 0)),
        (Classification.INTERNAL, less),
        (Classification.RESTRICTED, more),
    ):
        classes[name] = dataclasses.replace(
            classes[name], approvals=people, distinct_teams=teams
        )
    return dataclasses.replace(table, classes=classes)


@pytest.mark.parametrize(
    ("less", "more", "taken"),
    [
        ((2, 2), (2, 2), True),
        ((2, 1), (2, 2), True),
        ((2, 1), (3, 1), True),
        ((2, 1), (1, 1), False),
        ((2, 2), (2, 1), False),
        ((2, 2), (3, 1), False),
    ],
)
def test_a_stricter_class_asks_for_no_fewer_people_and_no_fewer_teams(
    less: tuple[int, int], more: tuple[int, int], *, taken: bool
) -> None:
    """More people of fewer teams once passed: only the first number was compared."""
    if taken:
        assert laxer_and_stricter(less, more).of(Classification.RESTRICTED)
        return
    with pytest.raises(SetupError, match="restricted asks for less than internal"):
        laxer_and_stricter(less, more)


def test_every_fact_of_a_release_is_named_as_the_rules_read_it() -> None:
    table = load_terms(Profile.STANDARD)

    assert table.of(Classification.RESTRICTED).release_facts(1000) == {
        "approvalsRequired": 2,
        "teamsRequired": 2,
        "factorRequired": True,
        "factorMaxAge": timedelta(minutes=15),
        "purposeRequired": True,
        "wholeAllowed": False,
        "backdoorReportRequired": True,
        "wait": timedelta(0),
        "personCapBytes": 250,
        "pairCapBytes": 450,
    }
    assert table.of_action("account:create").facts() == {
        "approvalsRequired": 1,
        "teamsRequired": 1,
        "factorRequired": True,
        "factorMaxAge": timedelta(minutes=15),
    }
    assert table.of(Classification.OPEN).person_cap_bytes(1000) is None


def test_these_actions_wait_for_another_team_and_no_others() -> None:
    assert sorted(APPROVED_ACTIONS) == [
        *("account:create", "cap:change", "intake:issuer", "intake:source"),
        *("key:rotate", "key:shred", "model:publish", "person:erase"),
        *("profile:change", "recovery:create", "role:change", "signatures:switch"),
    ]


@pytest.mark.parametrize(("person", "pair"), [(25, None), (None, 45)])
def test_one_cap_alone_is_refused(person: int | None, pair: int | None) -> None:
    restricted = load_terms(Profile.STANDARD).of(Classification.RESTRICTED)

    with pytest.raises(SetupError, match="come together"):
        dataclasses.replace(
            restricted, person_cap_percent=person, pair_cap_percent=pair
        )
    bare = dataclasses.replace(
        restricted, person_cap_percent=None, pair_cap_percent=None
    )
    free = dataclasses.replace(bare, whole_model_to_a_person=True)
    assert free.pair_cap_bytes(9) is None


def test_where_nobody_agrees_no_team_is_counted() -> None:
    open_ = load_terms(Profile.STANDARD).of(Classification.OPEN)
    for approvals, teams in ((0, 1), (1, 0), (21, 1), (-1, 0)):
        with pytest.raises(SetupError):
            dataclasses.replace(open_, approvals=approvals, distinct_teams=teams)
    most = dataclasses.replace(open_, approvals=20, distinct_teams=1)
    assert (most.approvals, most.distinct_teams) == (20, 1)
    own = dataclasses.replace(open_, approvals=3, own_team_counts=True)
    assert own.distinct_teams == 0
