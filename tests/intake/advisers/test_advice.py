"""Advice is shown, refuses nothing, and may ask for somebody else to look."""

from __future__ import annotations

import pytest

from strongroom.intake.advisers.advice import MOST_FINDINGS, Advice, Answer, advised
from strongroom.intake.advisers.remarks import Remark, Weight
from strongroom.intake.findings import Finding, Level


def advice(*remarks: tuple[str, Weight], trouble: str = "") -> Advice:
    return Advice(
        name="picklescan",
        version="1.0.5",
        answer=Answer.CRASHED if trouble else Answer.DONE,
        trouble=trouble,
        answered=2,
        remarks=tuple(
            (path, Remark.of(weight, "names it")) for path, weight in remarks
        ),
    )


def found(
    given: Advice, *, refused: bool = False, reviewed: bool = False
) -> list[tuple[str, Finding]]:
    return list(advised([given], refused=refused, reviewed=reviewed))


def rules(given: Advice, *, refused: bool = False) -> list[tuple[str, str]]:
    return [(path, one.rule) for path, one in found(given, refused=refused)]


@pytest.mark.parametrize("weight", Weight)
def test_every_remark_is_a_note_with_who_says_it(weight: Weight) -> None:
    (path, finding), *_ = reversed(found(advice(("a.pt", weight))))

    assert (path, finding.level) == ("a.pt", Level.NOTE)
    assert finding.rule == f"adviser/{weight.value}"
    assert finding.message == "picklescan 1.0.5: names it"


def test_where_it_sees_it_otherwise_than_our_readers_that_is_said_first() -> None:
    alarm = advice(("a.pt", Weight.REMARK), ("b.pt", Weight.ALARM))

    assert rules(alarm) == [
        ("", "adviser/disagrees"),
        ("b.pt", "adviser/alarm"),
        ("a.pt", "adviser/remark"),
    ]
    assert "'b.pt' malicious" in found(alarm)[0][1].message
    assert {one.level for _, one in found(alarm)} == {Level.NOTE}


def test_where_our_readers_refuse_nobody_disagrees() -> None:
    alarm = advice(("b.pt", Weight.ALARM))

    assert rules(alarm, refused=True) == [("b.pt", "adviser/alarm")]


@pytest.mark.parametrize("weight", Weight)
def test_who_has_to_look_is_asked_where_it_disagrees_and_no_further(
    weight: Weight,
) -> None:
    warned = {
        one.rule
        for _, one in found(advice(("b.pt", weight)), reviewed=True)
        if one.level is not Level.NOTE
    }

    assert warned == ({"adviser/disagrees"} if weight is Weight.ALARM else set())


def test_who_has_to_look_is_asked_where_it_could_not_say() -> None:
    """Else a file that makes the adviser crash would be a way round it."""
    failed = advice(trouble="crashed")

    ((_, finding),) = found(failed, reviewed=True)
    assert (finding.rule, finding.level) == ("adviser/failed", Level.WARNING)
    ((_, finding),) = found(failed, reviewed=True, refused=True)
    assert finding.level is Level.NOTE


def test_how_it_failed_is_a_note_too() -> None:
    failed = advice(("a.pt", Weight.UNREAD), trouble="took longer than it may")

    assert rules(failed) == [("", "adviser/failed"), ("a.pt", "adviser/unread")]
    assert found(failed)[0][1].message == "picklescan 1.0.5 took longer than it may"


def test_of_very_much_the_grave_is_kept_and_the_rest_is_counted() -> None:
    many = advice(*[("a", Weight.REMARK)] * MOST_FINDINGS, ("b.pt", Weight.ALARM))

    shown = rules(many)
    assert shown[:2] == [("", "adviser/disagrees"), ("b.pt", "adviser/alarm")]
    assert len(shown) == MOST_FINDINGS + 2
    assert found(many)[-1][1].message.endswith("said 1 things more")


def test_the_entry_counts_files_and_not_remarks() -> None:
    twice = advice(("b.pt", Weight.ALARM), ("b.pt", Weight.ALARM))

    assert twice.document() == {
        "name": "picklescan",
        "version": "1.0.5",
        "answer": "done",
        "answered": 2,
        "alarming": 1,
    }
