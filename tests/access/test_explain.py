"""Sentences of a refusal carry its facts, whatever the facts are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from strongroom.access import explain
from strongroom.access.rules import Rule
from tests.access.house import NOW, POLICIES, ask

Effect: TypeAlias = Literal["permit", "forbid"]
RULES = POLICIES["standard"].rules
FIRST = datetime(1, 1, 1, tzinfo=UTC)
LAST = datetime(9999, 12, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (72 * 60, "1 h 12 min"),
        (86400, "1 d"),
        (90061, "1 d 1 h"),
        (900, "15 min"),
        (60, "1 min"),
        (3600, "1 h"),
        (86399, "23 h 59 min"),
        (86400 * 2 + 61, "2 d 1 min"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(seconds: int, said: str) -> None:
    assert explain.spell(timedelta(seconds=seconds)) == said


def test_a_second_factor_of_the_future_is_called_so() -> None:
    future = {"kind": "totp", "at": NOW + timedelta(minutes=1)}
    question = ask("ana", "segment:release", factor=future)
    rule = next(rule for rule in RULES if rule.id == "second-factor-fresh")

    assert explain.sentences(question, [rule]) == (
        "the second factor is dated in the future; it may be 15 min old",
    )


def test_the_rest_of_a_wait_is_said() -> None:
    question = ask(
        "me",
        "segment:release",
        profile="solo",
        requestedAt=NOW - timedelta(hours=20, minutes=30),
    )
    rule = next(rule for rule in RULES if rule.id == "wait-is-over")

    assert explain.remedies(question, [rule]) == ("wait 3 h 30 min more",)


def test_courses_that_lack_are_named_in_order() -> None:
    question = ask("ana", "segment:release", coursesLacking=["weights", "ethics"])
    rule = Rule(id="r", effect="forbid", reason="$courses", remedy="")

    assert explain.sentences(question, [rule]) == ("ethics; weights",)


def test_a_duration_that_policy_was_not_told_is_none() -> None:
    rule = Rule(id="r", effect="forbid", reason="$factor_max_age, $wait", remedy="")
    question = replace(ask("ana", "segment:release"), context={})

    assert explain.sentences(question, [rule]) == ("0 s, 0 s",)


def test_the_same_remedy_is_said_once() -> None:
    rules = [
        Rule(id=name, effect="forbid", reason="r", remedy="log in") for name in "ab"
    ]

    assert explain.remedies(ask("ana", "policy:read"), rules) == ("log in",)


def test_nothing_is_nearest_when_a_permit_applies() -> None:
    assert explain.nearest_permit(ask("ana", "segment:release"), RULES) is None


def test_nothing_is_nearest_when_no_permit_lists_the_action() -> None:
    nearest = explain.nearest_permit(
        replace(ask("ana", "policy:read"), action="model:burn"), RULES
    )

    assert nearest == explain.Nearest(
        rule=None, sentence="no rule allows model:burn", remedy=""
    )


def test_every_role_that_would_do_is_named() -> None:
    nearest = explain.nearest_permit(ask("key", "model:seal"), RULES)

    assert nearest is not None
    assert "researcher or operator" in nearest.sentence


facts = st.dictionaries(
    st.sampled_from(
        ["now", "factor", "wait", "requestedAt", "approvals", "personBytesAfter"]
    ),
    st.none() | st.text() | st.integers() | st.datetimes() | st.timedeltas(),
)


@given(facts)
@example({"now": FIRST, "requestedAt": LAST, "wait": timedelta.max})
def test_no_fact_breaks_a_sentence(context: dict[str, object]) -> None:
    question = replace(ask("ana", "policy:read"), context=context)

    assert len(explain.sentences(question, RULES)) == len(RULES)


EVERY = Rule(
    id="r",
    effect="forbid",
    reason="$state $person_after/$person_cap+$person_over"
    " $pair_after/$pair_cap+$pair_over"
    " $approvals/$approvals_required+$approvals_missing"
    " $teams/$teams_required+$teams_missing"
    " $factor_max_age $factor_age $wait $wait_left $glass_lasts $glass_longest"
    " $reviews_overdue $reviews_rejected $courses",
    remedy="$state $unknown",
)


def test_every_fact_stands_where_a_sentence_names_it() -> None:
    question = ask(
        "ana",
        "segment:release",
        personBytesAfter=12_345,
        personCapBytes=345,
        pairBytesAfter=23_456,
        pairCapBytes=456,
        approvals=1,
        approvalsRequired=4,
        approverTeams=2,
        teamsRequired=5,
        factorMaxAge=timedelta(minutes=7),
        factor={"kind": "totp", "at": NOW},
        wait=timedelta(hours=30),
        requestedAt=NOW - timedelta(hours=6),
        glass_lasts=timedelta(minutes=20),
        glass_longest=timedelta(minutes=10),
        reviewsOverdue=8,
        reviewsRejected=9,
        coursesLacking=["b", "a"],
    )

    assert explain.sentences(question, [EVERY]) == (
        "active 12,345/345+12,000 23,456/456+23,000 1/4+3 2/5+3"
        " 7 min 0 s old 1 d 6 h 1 d 20 min 10 min 8 9 a; b",
    )
    assert explain.remedies(question, [EVERY]) == ("active $unknown",)


def test_facts_that_are_absent_or_something_else_are_nothing() -> None:
    wrong = {"now": "today", "factor": "totp", "wait": 7, "breakGlass": "yes"}
    counts = ("approvals", "approverTeams", "reviewsOverdue", "reviewsRejected")
    more = dict.fromkeys((*counts, "personBytesAfter"), "many")
    question = ask("gone", "segment:release")

    for context in ({}, {**wrong, **more, "coursesLacking": "a"}):
        asked = replace(question, context=context)
        assert explain.sentences(asked, [EVERY]) == (
            "left 0/0+0 0/0+0 0/0+0 0/0+0 0 s $factor_age 0 s $wait_left 0 s 0 s 0 0 ",
        )


def test_what_is_below_its_limit_is_not_over_it_and_lacks_nothing() -> None:
    question = ask(
        "ana",
        "segment:release",
        personBytesAfter=5,
        personCapBytes=6,
        approvals=3,
        approvalsRequired=2,
        requestedAt=NOW - timedelta(hours=25),
        wait=timedelta(hours=24),
    )
    rule = Rule(
        id="r",
        effect="forbid",
        reason="$person_over $approvals_missing $wait_left",
        remedy="",
    )

    assert explain.sentences(question, [rule]) == ("0 0 0 s",)


def test_the_nearest_permit_is_the_first_that_lists_the_action() -> None:
    def rule(name: str, *, effect: Effect = "permit", role: str | None) -> Rule:
        actions = frozenset({"model:seal"})
        return Rule(id=name, effect=effect, reason="r", role=role, actions=actions)

    asked = ask("key", "model:seal")
    forbids = rule("never", effect="forbid", role="auditor")
    rules = [forbids, rule("one", role="operator"), rule("two", role="researcher")]

    assert explain.nearest_permit(asked, rules) == explain.Nearest(
        rule="one",
        sentence="no rule allows model:seal without the role operator or researcher",
        remedy="an administrator gives the account the role operator",
    )
    assert explain.nearest_permit(asked, [*rules, rule("all", role=None)]) is None
    assert explain.nearest_permit(asked, [*rules, rule("k", role="key-holder")]) is None
    nobody = explain.nearest_permit(asked, [rule("never", effect="forbid", role=None)])
    assert nobody is not None
    assert (nobody.rule, nobody.remedy) == (None, "")


@pytest.mark.parametrize(
    ("since", "left"),
    [
        (timedelta(0), "1 h"),
        (timedelta(minutes=60), "0 s"),
        (timedelta(hours=-1), "2 h"),
    ],
)
def test_the_rest_of_a_wait_ends_at_nothing(since: timedelta, left: str) -> None:
    asked = ask(
        "me", "segment:release", wait=timedelta(hours=1), requestedAt=NOW - since
    )
    rule = Rule(id="r", effect="forbid", reason="$wait_left")

    assert explain.sentences(asked, [rule]) == (left,)


def test_a_wait_without_an_end_is_said_as_the_longest_there_is() -> None:
    asked = ask("me", "segment:release", wait=timedelta.max, requestedAt=LAST)
    rule = Rule(id="r", effect="forbid", reason="$wait_left")

    assert explain.sentences(asked, [rule]) == ("1000000000 d",)
