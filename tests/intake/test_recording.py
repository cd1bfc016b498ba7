"""Entries say what came in and what was found, and bound what people typed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from strongroom.access.sessions import Actor
from strongroom.intake.additions import Addition
from strongroom.intake.intakes import Intake, IntakeState
from strongroom.intake.recording import examined_event, received_event
from strongroom.intake.verdicts import Verdict
from strongroom.types import AccountId, IntakeId, SessionId
from tests.intake.test_verdicts import PASSED, verdict

NOW = datetime(2026, 11, 26, tzinfo=UTC)
ACTOR = Actor(account=AccountId("account-olga"), session=SessionId("session-1"))
ROW = Intake(
    id=IntakeId("intake-aaaa"),
    state=IntakeState.RECEIVED,
    digest="11" * 32,
    plain_bytes=3,
    files=1,
    source="",
    original=None,
    review=(),
    report="22" * 32,
    version=None,
    added_by=ACTOR.account,
    added_at=NOW,
    expires_at=NOW,
)


def test_what_somebody_typed_is_kept_bounded_and_can_be_erased() -> None:
    addition = Addition(path=Path("a.pt"), project="default", origin="\udcff" * 5000)

    event = received_event(ACTOR, ROW, addition)

    assert event.private == {"path": "a.pt", "origin": "?" * 1000}


def test_the_entry_on_an_examination_names_verdict_report_and_signer() -> None:
    found: Verdict = verdict(PASSED)

    facts = examined_event(ACTOR, ROW, found).facts

    assert (facts["verdict"], facts["report"]) == ("passed", ROW.report)
    assert facts["signer"] == "ab"
