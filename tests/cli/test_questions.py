"""Questions to the rules: the file, and what is left out of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access.policy import Policy
from strongroom.cli.questions import ask_all, read_questions
from strongroom.errors import InputError, MissingError
from strongroom.types import Profile

STANDARD = Policy.load(Profile.STANDARD)


@pytest.mark.parametrize(
    ("question", "rule"),
    [
        ({"roles": ["researcher"], "action": "segment:release"}, None),
        ({"roles": ["researcher"], "action": "permit:issue"}, None),
        ({"roles": ["researcher"], "action": "request:create"}, None),
        ({"roles": ["approver"], "action": "request:approve"}, None),
        ({"roles": ["analyst"], "action": "permit:revoke"}, None),
        ({"roles": ["operator"], "action": "model:seal"}, None),
        ({"roles": ["administrator"], "action": "account:create"}, None),
        ({"roles": ["auditor"], "action": "ledger:export"}, None),
        (
            {"roles": ["researcher"], "action": "segment:release", "member": False},
            "members-only",
        ),
        (
            {"roles": ["researcher"], "action": "request:create", "state": "left"},
            "leaver",
        ),
        (
            {"roles": ["approver"], "action": "request:approve", "kind": "agent"},
            "people-decide",
        ),
        (
            {
                "roles": ["researcher"],
                "action": "segment:release",
                "factor_age_seconds": 10**6,
            },
            "second-factor-fresh",
        ),
        (
            {
                "roles": ["researcher"],
                "action": "segment:release",
                "factor_age_seconds": -1,
            },
            "second-factor-present",
        ),
        (
            {
                "roles": ["researcher"],
                "action": "request:create",
                "facts": {"personBytesAfter": 26},
            },
            "person-cap",
        ),
    ],
)
def test_nothing_but_the_question_itself_is_in_the_way(
    question: dict[str, object], rule: str | None
) -> None:
    expect = "allow" if rule is None else "deny"
    because = [rule] if rule else []

    (row,) = ask_all(STANDARD, [{**question, "expect": expect, "because": because}])

    assert row["ok"], row


def test_a_wrong_reason_is_a_wrong_answer() -> None:
    question = {"action": "model:seal", "expect": "deny", "because": ["person-cap"]}

    (row,) = ask_all(STANDARD, [question])

    assert row["ok"] is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no question"),
        ("question = 1", "has no question"),
        ("[[question]]\nexpect = 'perhaps'", "no expect"),
        ("[[question]]\nexpect = 'deny'\nrole = 'x'", "role"),
        ("question = [1]", "no table"),
        ("]", "is not TOML"),
        ("a = " + "[" * 5000, "is not TOML"),
    ],
)
def test_a_file_that_asks_nothing_is_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "questions.toml"
    path.write_text(text)

    with pytest.raises(InputError, match=said):
        read_questions(path)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no file"):
        read_questions(tmp_path / "absent")


@given(
    st.fixed_dictionaries(
        {"expect": st.sampled_from(["allow", "deny"])},
        optional={
            "action": st.text(max_size=20) | st.just("segment:release"),
            "roles": st.lists(st.text(max_size=9) | st.just("researcher"), max_size=2)
            | st.integers(),
            "kind": st.text(max_size=8) | st.just("agent"),
            "facts": st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
        },
    )
)
def test_no_question_is_answered_by_accident(question: dict[str, object]) -> None:
    try:
        (row,) = ask_all(STANDARD, [question])
    except InputError:
        return
    if row["allowed"]:
        assert "researcher" in str(question.get("roles"))
