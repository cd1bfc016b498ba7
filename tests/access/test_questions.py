"""Questions have one form in Cedar, and nothing else passes for a fact."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access.questions import entities_json, request_json
from strongroom.errors import InputError
from strongroom.types import AccountId
from tests.access.house import ask


def context_of(**facts: object) -> dict[str, object]:
    question = replace(ask("ana", "policy:read"), context=facts)
    parsed: dict[str, object] = json.loads(str(request_json(question)["context"]))
    return parsed


def test_a_time_is_utc_with_milliseconds() -> None:
    elsewhere = datetime(
        2026, 11, 22, 11, 0, 0, 123999, tzinfo=timezone(timedelta(hours=1))
    )

    assert context_of(now=elsewhere) == {
        "now": {"__extn": {"fn": "datetime", "arg": "2026-11-22T10:00:00.123Z"}}
    }


@given(st.integers(-(10**12), 10**12))
def test_a_duration_is_whole_milliseconds(milliseconds: int) -> None:
    facts = context_of(wait=timedelta(milliseconds=milliseconds))

    assert facts == {"wait": {"__extn": {"fn": "duration", "arg": f"{milliseconds}ms"}}}


@pytest.mark.parametrize(
    "fact",
    [
        datetime(2026, 11, 22),  # noqa: DTZ001 - the point of the test
        object(),
        b"bytes",
        float("inf"),
        {1, 2},
    ],
    ids=["no zone", "an object", "bytes", "infinity", "a set"],
)
def test_what_has_no_form_is_refused(fact: object) -> None:
    with pytest.raises(InputError, match="no form"):
        context_of(fact=fact)


def test_a_fact_that_contains_itself_is_refused() -> None:
    endless: list[object] = []
    endless.append(endless)

    with pytest.raises(InputError, match="no form"):
        context_of(fact=endless)


def test_of_a_person_the_owner_is_the_person() -> None:
    person = json.loads(entities_json(ask("ana", "policy:read")))[0]
    agent = json.loads(entities_json(ask("agent", "policy:read")))[0]

    assert person["attrs"]["owner"] == "ana"
    assert agent["attrs"]["owner"] == "ana"
    assert agent["uid"] == {"type": "Strongroom::Agent", "id": "agent"}


def test_an_attribute_cannot_replace_the_id_of_a_thing() -> None:
    question = ask("root", "role:change", id="root")
    resource = replace(question.resource, attributes={"id": "somebody-else"})

    thing = json.loads(entities_json(replace(question, resource=resource)))[1]

    assert thing["attrs"] == {"id": "root"}


@given(st.text())
def test_any_text_is_an_id_and_nothing_more(text: str) -> None:
    question = ask("ana", "policy:read")
    principal = replace(question.principal, account=AccountId(text))

    who = json.loads(entities_json(replace(question, principal=principal)))[0]

    assert who["uid"]["id"] == who["attrs"]["account"] == text


def test_times_are_not_moved_by_daylight_saving() -> None:
    assert context_of(now=datetime(2026, 7, 1, 12, tzinfo=UTC)) == {
        "now": {"__extn": {"fn": "datetime", "arg": "2026-07-01T12:00:00.000Z"}}
    }


def test_a_question_has_this_form_in_cedar() -> None:
    question = replace(ask("ana", "model:show"), context={"b": True, "a": [1, "x"]})

    assert request_json(question) == {
        "principal": {"type": "Strongroom::Person", "id": "ana"},
        "action": {"type": "Strongroom::Action", "id": "model:show"},
        "resource": {"type": "Strongroom::Model", "id": "thing"},
        "context": '{"b": true, "a": [1, "x"]}',
    }
    assert json.loads(entities_json(question)) == [
        {
            "uid": {"type": "Strongroom::Person", "id": "ana"},
            "attrs": {
                "account": "ana",
                "team": "alpha",
                "state": "active",
                "owner": "ana",
                "projects": ["llm"],
            },
            "parents": [{"type": "Strongroom::Role", "id": "researcher"}],
        },
        {
            "uid": {"type": "Strongroom::Model", "id": "thing"},
            "attrs": {"class": "restricted", "project": "llm", "id": "thing"},
            "parents": [],
        },
    ]
