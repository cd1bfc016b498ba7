"""The row of an opening past the approvals; ``tests/permits`` has the whole story."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access.breakglass import (
    BREAK_GLASS,
    BreakGlass,
    GlassState,
    Issued,
    NoticeState,
    opened_by,
    owed_reviews,
    record_break_glass,
)
from strongroom.access.person_terms import BreakGlassTerms
from strongroom.access.tally import SignedAnswer
from strongroom.types import (
    AccountId,
    AccountKind,
    ArtifactId,
    PermitId,
    RequestId,
    TeamId,
)
from tests.access.rooms import Rooms, Said
from tests.access.test_accounts import create
from tests.ledger.world import event

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


TERMS = BreakGlassTerms(longest=timedelta(hours=1), review_within=timedelta(hours=24))


def issued(name: str) -> Issued:
    return Issued(
        permit=PermitId(name),
        request=RequestId("request-1"),
        artifact=ArtifactId("artifact-1"),
        expires_at=NOW,
        digest="0f" * 32,
    )


def test_an_opening_counts_for_whoever_is_behind_a_service(rooms: Rooms) -> None:
    owner = rooms.account("ana")
    with rooms.world.ledger.transaction() as writing:
        robot = create(writing, "robot", kind=AccountKind.SERVICE, owner=owner)
        made = record_break_glass(
            writing, robot, issued("permit-1"), terms=TERMS, reason="a fire"
        )

    assert made == BreakGlass(
        id=f"{owner.id}/permit-1",
        account=owner.id,
        opener=robot.id,
        team=robot.team,
        permit=PermitId("permit-1"),
        opened_at=rooms.world.clock(),
        due_at=rooms.world.clock() + timedelta(hours=24),
        state=GlassState.OPEN,
        notice=NoticeState.DUE,
        reviewer=None,
        reviewed_at=None,
    )
    assert (made.revision, made.state, made.notice) == (1, "open", "due")
    facts = {
        "permit": "permit-1",
        "request": "request-1",
        "account": owner.id,
        "team": robot.team,
        "artifact": "artifact-1",
        "expires": "2026-11-22T10:00:00.000000Z",
        "due": "2026-11-23T10:00:00.000000Z",
        "digest": "0f" * 32,
        "assertion": None,
    }
    said = Said(robot.id, None, facts, {"reason": "a fire"}, robot.id)
    assert rooms.said("breakglass.opened") == [said]


def test_what_is_overdue_and_what_was_rejected_is_owed(rooms: Rooms) -> None:
    ana, ben = rooms.account("ana"), rooms.account("ben")
    states = (GlassState.REJECTED, GlassState.REJECTED, GlassState.RESUMED, None)
    with rooms.world.ledger.transaction() as writing:
        for number, state in enumerate((*states, GlassState.ACCEPTED)):
            made = record_break_glass(
                writing, ana, issued(f"permit-{number}"), terms=TERMS, reason="x"
            )
            if state:
                BREAK_GLASS.replace(writing, made, state=state)
        record_break_glass(writing, ben, issued("permit-b"), terms=TERMS, reason="x")
        writing.append(event())
    due = rooms.world.clock() + timedelta(hours=24)

    with rooms.world.ledger.reading() as reading:
        assert owed_reviews(reading, ana, due) == (1, 2)
        assert owed_reviews(reading, ana, due - timedelta.resolution) == (0, 2)
        assert owed_reviews(reading, ben, due) == (1, 0)
    with rooms.world.ledger.transaction() as writing:
        assert len(opened_by(writing, ana)) == 5


def test_states_are_stored_under_the_same_names_in_every_version() -> None:
    assert [*GlassState] == ["open", "accepted", "rejected", "resumed"]
    assert [*NoticeState] == ["due", "sent", "failed"]
