"""Two readings of the same bytes: what counts as different, and what does not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.canonical import Json
from strongroom.errors import IntegrityError, MissingError
from strongroom.intake.differences import (
    differences,
    failed_finding,
    known_finding,
    later_finding,
    outcome_of,
)
from strongroom.intake.findings import MOST_MESSAGE
from strongroom.intake.later_readings import LaterReading, Outcome

A, B = "aa" * 32, "bb" * 32


def file(
    path: str = "a.bin", *, kind: str = "torch-zip", sha256: str = A, tensor: str = A
) -> dict[str, Json]:
    return {
        "path": path,
        "kind": kind,
        "outputs": [[f"{path}.safetensors", 7, sha256]],
        "facts": {"tensors": [["w", tensor]]},
        "changes": [],
    }


def found(
    rule: str, level: str = "warning", path: str = "a.bin", message: str = "m"
) -> Json:
    return {
        "path": path,
        "place": "",
        "rule": rule,
        "level": level,
        "message": message,
    }


def report(*files: dict[str, Json], findings: list[Json] | None = None) -> Json:
    return {"files": list(files), "findings": findings or []}


def reading(outcome: Outcome) -> LaterReading:
    at = datetime(2026, 11, 26, tzinfo=UTC)
    return LaterReading(id="intake-1", reader=2, outcome=outcome, report=A, read_at=at)


@pytest.mark.parametrize(
    ("later", "said"),
    [
        (report(file(kind="torch-legacy")), "kind changed: 'a.bin'"),
        (report(file(sha256=B)), "re-written file changed: 'a.bin.safetensors'"),
        (report(file(tensor=B)), "tensor changed: 'a.bin: w'"),
        (report(file(), file("b")), "re-written file new: 'b.safetensors'"),
        (report(), "kind missing: 'a.bin'"),
        (report(file(), findings=[found("x/y")]), "warning x/y in 'a.bin'"),
        (report(file(), findings=[found("x/y", "error", "")]), "error x/y"),
    ],
)
def test_what_would_leave_or_be_looked_at_otherwise_is_said(
    later: Json, said: str
) -> None:
    assert said in differences(report(file()), later)


@pytest.mark.parametrize(
    "later",
    [
        report(file()),
        report({**file(), "facts": {"tensors": [["w", A]], "globals": ["os.x"]}}),
        report({**file(), "changes": ["said otherwise"]}),
        report(file(), findings=[found("x/y", "note")]),
        report(file(), findings=[found("x/z", message="in other words")]),
        report(file(), findings=[]),
    ],
)
def test_words_further_facts_and_what_is_not_found_any_more_do_not_count(
    later: Json,
) -> None:
    admitted = report(file(), findings=[found("x/z"), found("source/unknown", path="")])

    assert differences(admitted, later) == ()
    assert outcome_of(later, ()) is Outcome.SAME


def test_advice_of_before_does_not_count_on_either_side() -> None:
    advised = report(file(), findings=[found("adviser/disagrees", "error")])

    assert differences(report(file()), advised) == ()
    assert differences(advised, report(file())) == ()


def test_a_second_finding_of_a_kind_counts_where_there_was_one() -> None:
    one, two = [found("x/y")], [found("x/y"), found("x/y")]

    assert differences(report(findings=one), report(findings=two))
    assert not differences(report(findings=two), report(findings=one))


def test_an_error_is_a_refusal_and_anything_else_differs() -> None:
    error = report(findings=[found("x/y", "error")])

    assert outcome_of(error, ("x",)) is Outcome.REFUSED
    assert outcome_of(report(), ("x",)) is Outcome.DIFFERS


@given(st.lists(st.text(min_size=1, max_size=400), max_size=20))
def test_a_finding_always_fits(sentences: list[str]) -> None:
    for outcome in Outcome:
        one = later_finding(reading(outcome), tuple(sentences))
        assert len(one.message) <= MOST_MESSAGE
        assert one.rule == f"reread/{outcome}"
        assert known_finding(reading(outcome)).rule == "reread/known"


def test_what_was_not_read_says_why_and_what_to_do() -> None:
    why = failed_finding(MissingError("it is gone", hint="add it again"))

    assert why.message == "it was not read again: it is gone; add it again"
    assert why.rule == "reread/failed"
    assert len(failed_finding(MissingError("x" * 999)).message) == MOST_MESSAGE


def test_what_is_no_report_is_refused() -> None:
    with pytest.raises(IntegrityError):
        differences([], report())
