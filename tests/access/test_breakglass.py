"""The row of an opening past the approvals; ``tests/permits`` has the whole story."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access.breakglass import BreakGlass, GlassState
from strongroom.types import AccountId, PermitId, TeamId

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
ROW = BreakGlass(
    id="account-1/permit-1",
    account=AccountId("account-1"),
    opener=AccountId("account-1"),
    team=TeamId("team-1"),
    permit=PermitId("permit-1"),
    opened_at=NOW,
    due_at=NOW + timedelta(hours=24),
)


@given(st.timedeltas(timedelta(0), timedelta(days=9)))
def test_an_open_one_is_overdue_from_its_due_time_on(since: timedelta) -> None:
    assert ROW.overdue(NOW + since) == (since >= timedelta(hours=24))


@pytest.mark.parametrize("state", [GlassState.ACCEPTED, GlassState.REJECTED])
def test_a_reviewed_one_is_never_overdue(state: GlassState) -> None:
    assert not replace(ROW, state=state).overdue(NOW + timedelta(days=900))
