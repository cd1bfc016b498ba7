"""What a whole check says, and what it records."""

from __future__ import annotations

import sqlalchemy as sa

from strongroom.client.verifying import LOCKED, OUT_OF_ORDER, verify_ledger
from strongroom.database import tables
from tests.attacks.both_databases.administrator import Administrator
from tests.journeys.rooms import House


def test_a_healthy_ledger_has_no_findings(house: House) -> None:
    report = verify_ledger(house.room.room.ledger, rows=True)

    assert report.size > 0
    assert (report.findings, report.row_findings, report.unchecked) == ((), (), ())
    assert report.rows_checked


def test_without_the_guard_key_rows_are_said_to_be_unchecked(house: House) -> None:
    report = verify_ledger(house.room.room.ledger, rows=False)

    assert report.unchecked == (LOCKED,)
    assert not report.rows_checked


def test_findings_about_rows_are_told_apart(house: House) -> None:
    Administrator.of(house).execute(sa.delete(tables.projects))

    report = verify_ledger(house.room.room.ledger, rows=True)

    assert [str(finding) for finding in report.row_findings] == list(report.findings)
    assert all("projects" in finding for finding in report.findings)


def test_rows_are_not_compared_with_a_ledger_that_is_damaged(house: House) -> None:
    """Only entries that are in the signed tree say what rows should be."""
    Administrator.of(house).execute(
        sa.update(tables.entries).where(tables.entries.c.position == 3).values(body=b"")
    )

    report = verify_ledger(house.room.room.ledger, rows=True)

    assert report.findings
    assert report.row_findings == ()
    assert report.unchecked == (OUT_OF_ORDER,)


def test_what_is_found_is_recorded_and_reported_again(house: House) -> None:
    Administrator.of(house).execute(sa.delete(tables.projects))
    before = verify_ledger(house.room.room.ledger, rows=True)

    reports = [house.by("ada").records.verify() for _ in range(3)]

    assert {report.findings for report in reports} == {before.findings}
    assert [report.size - before.size for report in reports] == [0, 1, 1]
