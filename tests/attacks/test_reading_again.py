"""Whoever reads an original again while somebody else does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from strongroom.intake.later_readings import LATER_READINGS
from strongroom.intake.receiving import ReceivedFile
from strongroom.intake.reports import SnapshotReport
from strongroom.intake.rewriting import Options
from strongroom.ledger import checks, reconcile
from tests.intake.older import Older, longer_json
from tests.intake.readers import read_here
from tests.journeys.fixtures import clock, house, kind, quick
from tests.journeys.rooms import House
from tests.vault.test_reading_again import (
    admit,
    foreign,
    kinds,
    message,
    reread,
    rules,
)

__all__ = ["clock", "foreign", "house", "kind", "quick"]


@pytest.mark.parametrize("differs", [False, True])
def test_of_two_readings_at_once_one_is_kept(
    house: House, foreign: Path, differs: bool
) -> None:
    """The slower one changes nothing, whatever it saw: the other's word stands."""
    admit(house, foreign, Older(change=longer_json) if differs else Older())
    ended: list[list[str]] = []

    def overtaken(
        descriptor: int,
        files: Sequence[ReceivedFile],
        options: Options,
        output: Path,
    ) -> SnapshotReport:
        ended.append(rules(reread(house, reads=read_here)))
        return read_here(descriptor, files, options, output)

    found = reread(house, reads=overtaken)

    assert ended == [["reread/differs" if differs else "reread/same"]]
    assert rules(found)[-1] == "reread/failed"
    assert "meanwhile" in message(found)
    assert found.recalled == ()
    assert kinds(house) == ["intake.reopened", "intake.reopened", "intake.reread"]
    ledger = house.room.room.ledger
    with ledger.reading() as reading:
        assert len(LATER_READINGS.find(reading)) == 1
        assert list(checks.check_all(ledger, reading)) == []
        assert list(reconcile.reconcile(ledger, reading)) == []
