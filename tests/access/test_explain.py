"""Sentences of a refusal carry its facts, whatever the facts are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from strongroom.access import explain
from strongroom.access.rules import Rule
from tests.access.house import NOW, POLICIES, ask

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
