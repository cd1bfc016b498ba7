"""The row of an opening past the approvals; ``tests/permits`` has the whole story."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access.breakglass import (
    BreakGlass,
    GlassState,
    Issued,
    record_break_glass,
)
from strongroom.access.person_terms import BreakGlassTerms
from strongroom.access.tally import SignedAnswer
from strongroom.types import AccountId, ArtifactId, PermitId, RequestId, TeamId
from tests.access.rooms import Rooms

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


def test_what_the_asker_signed_stands_in_the_entry(rooms: Rooms) -> None:
    """An outsider verifies by it that the asker, and not the desk, went past all."""
    account = rooms.account("ana")
    terms = BreakGlassTerms(
        longest=timedelta(hours=1), review_within=timedelta(hours=24)
    )
    signed = SignedAnswer(
        id=RequestId("request-1"),
        passkey=f"{account.id}/key-1",
        authenticator_data=b"a",
        client_data=b"b",
        signature=b"c",
    )
    for number, answer in enumerate((signed, None)):
        issued = Issued(
            permit=PermitId(f"permit-{number}"),
            request=RequestId("request-1"),
            artifact=ArtifactId("artifact-1"),
            expires_at=NOW,
            digest="00" * 32,
        )
        with rooms.world.ledger.transaction() as writing:
            record_break_glass(
                writing, account, issued, terms=terms, reason="fire", signed=answer
            )

    said = [facts["assertion"] for facts in rooms.facts("breakglass.opened")]
    assert said == [["key-1", "YQ==", "Yg==", "Yw=="], None]
