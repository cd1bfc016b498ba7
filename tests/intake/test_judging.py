"""What is found for the first time is an error; what was found before, a note."""

from __future__ import annotations

from datetime import UTC, datetime

from strongroom.intake.advisories import Advisory
from strongroom.intake.findings import MOST_MESSAGE
from strongroom.intake.intakes import Intake, IntakeState
from strongroom.intake.judging import Judged, hit_id, judge_again, new_hits
from strongroom.intake.readers import VERSION
from strongroom.types import AccountId, IntakeId

ADVISORY = Advisory(id="A-1", summary="a backdoor")


def intake(name: str = "intake-1", *, original: str | None = "x/1") -> Intake:
    return Intake(
        id=IntakeId(name),
        state=IntakeState.ACCEPTED,
        digest="11" * 32,
        plain_bytes=1,
        files=1,
        source="",
        original=original,
        review=(),
        report="22" * 32,
        version="model-1/1",
        added_by=AccountId("account-1"),
        added_at=datetime(2026, 11, 26, tzinfo=UTC),
        expires_at=datetime(2026, 12, 26, tzinfo=UTC),
    )


def judged(one: Intake, *advisories: Advisory, reader: int = VERSION) -> Judged:
    return Judged(intake=one, advisories=advisories, reader=reader)


def test_a_hit_is_new_once() -> None:
    found = [judged(intake(), ADVISORY), judged(intake("intake-2"))]
    known = {hit_id(intake(), ADVISORY)}

    assert new_hits(found, frozenset()) == [(intake(), ADVISORY)]
    assert new_hits(found, known) == []
    assert [(w, f.rule) for w, f in judge_again(found, frozenset())] == [
        ("intake-1", "advisory/hit")
    ]
    assert [f.rule for _, f in judge_again(found, known)] == ["advisory/known"]


def test_what_older_readers_admitted_is_to_be_read_again() -> None:
    held = judged(intake(), reader=VERSION - 1)
    expired = judged(intake(original=None), reader=VERSION - 1)

    (((_, again)), ((_, gone))) = judge_again([held, expired], frozenset())
    assert again.rule == gone.rule == "advisory/reader"
    assert "--reread" in again.message
    assert "its original expired" in gone.message


def test_a_long_summary_is_cut() -> None:
    long = Advisory(id="A" * 100, summary="x" * MOST_MESSAGE)

    ((_, finding),) = judge_again([judged(intake(), long)], frozenset())
    assert len(finding.message) == MOST_MESSAGE
