"""A report has one form; a worker that was taken over says nothing else."""

from __future__ import annotations

import copy
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.canonical import to_json
from strongroom.errors import IntegrityError
from strongroom.intake.findings import Finding, Level
from strongroom.intake.reported import MOST_BYTES, MOST_VALUES, parse_report
from tests.intake.hostile import mutated

HONEST: dict[str, Any] = {
    "v": 1,
    "files": [
        {
            "kind": "safetensors",
            "outputs": ["a/model.safetensors"],
            "facts": {"tensors": [["a", "00"]], "count": 1, "tied": None},
            "changes": ["free text left out"],
            "findings": [["file/ending", "warning", "file is odd", ""]],
        }
    ],
}


def changed(**fields: object) -> dict[str, Any]:
    """Return the honest report with fields of its file replaced."""
    report = copy.deepcopy(HONEST)
    report["files"][0].update(fields)
    return report


def test_an_honest_report_is_understood() -> None:
    (file,) = parse_report(to_json(HONEST), files=1)
    assert file.kind == "safetensors"
    assert file.outputs == ("a/model.safetensors",)
    assert file.facts == HONEST["files"][0]["facts"]
    assert file.findings == (
        Finding(rule="file/ending", level=Level.WARNING, message="file is odd"),
    )


@pytest.mark.parametrize(
    "report",
    [
        [],
        {"v": 1},
        {"v": 2, "files": HONEST["files"]},
        {**HONEST, "more": 1},
        {"v": 1, "files": []},
        {"v": 1, "files": HONEST["files"] * 2},
        changed(more=1),
        changed(kind="Safe"),
        changed(kind="a" * 41),
        changed(kind="a\x1b[2J"),
        changed(outputs="a"),
        changed(outputs=[1]),
        changed(outputs=["../a"]),
        changed(outputs=["/etc/passwd"]),
        changed(outputs=["a", "A"]),
        changed(outputs=["a", "a/b"]),
        changed(outputs=[str(n) for n in range(10_001)]),
        changed(facts=[]),
        changed(facts={"a": {"b": ["\x1b[2J"]}}),
        changed(facts={"\u202e": 1}),
        changed(changes=["a\nb"]),
        changed(findings=[["Rule", "error", "m", ""]]),
        changed(findings=[["a/b", "fatal", "m", ""]]),
        changed(findings=[["a/b", "error", "m" * 601, ""]]),
        changed(findings=[["a/b", "error", "m", "\x07"]]),
        changed(findings=[["a/b", "error", "m"]]),
    ],
)
def test_another_form_is_refused(report: Any) -> None:  # noqa: ANN401
    with pytest.raises(IntegrityError):
        parse_report(to_json(report), files=1)


def test_no_finding_is_cut_off_behind_many_others() -> None:
    """Once the first 10,000 were kept and a warning behind them was lost.

    Then nobody was asked to look at it.
    """
    note = ["text/hidden", "note", "hidden characters", ""]
    warning = ["template/unknown", "warning", "not a known one", ""]
    (file,) = parse_report(
        to_json(changed(findings=[note] * 9_999 + [warning])), files=1
    )
    assert file.findings[-1].level is Level.WARNING

    with pytest.raises(IntegrityError, match="too long"):
        parse_report(to_json(changed(findings=[note] * 10_000 + [warning])), files=1)


def test_a_report_that_is_too_long_is_not_parsed() -> None:
    with pytest.raises(IntegrityError, match="bytes"):
        parse_report(bytes(MOST_BYTES + 1), files=1)
    with pytest.raises(IntegrityError, match="values"):
        parse_report(b"[" * (MOST_VALUES + 1), files=1)


@given(mutated(to_json(HONEST)) | st.binary(max_size=50))
def test_any_bytes_are_a_report_or_refused(data: bytes) -> None:
    with suppress(IntegrityError):
        parse_report(data, files=1)
