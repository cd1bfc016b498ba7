"""Permits past the approvals: what they lift, what they owe, and who is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from strongroom.access.breakglass import BREAK_GLASS, BreakGlass, NoticeState
from strongroom.access.projects import Membership
from strongroom.access.telling import Message, Told
from strongroom.access.terms_file import load_terms
from strongroom.canonical import Json
from strongroom.errors import DeniedError, InputError
from strongroom.permits.breakglass import (
    asked_facts,
    asked_terms,
    is_past_approvals,
)
from strongroom.permits.drafts import RequestDraft
from strongroom.permits.permit import PermitRow
from strongroom.permits.requests import Asked, Requests
from strongroom.types import Classification, Profile
from tests.journeys.rooms import House
from tests.permits.openings import (
    BLOCK,
    BYTES,
    OTHER,
    Reader,
    draft,
    held_bytes,
    newest,
    permit_in,
)

HOUR = timedelta(hours=1)
WHY = "the site is down"


def past(house: House, name: str = "ana", *segments: str, why: str = WHY) -> Asked:
    return house.by(name).request(
        "llm", segments=segments or (BLOCK,), purpose="a test", break_glass=why
    )


def permit_of(asked: Asked) -> PermitRow:
    assert asked.permit is not None
    return asked.permit


def row_of(house: House, asked: Asked) -> BreakGlass:
    with house.room.room.ledger.reading() as reading:
        permit = permit_of(asked)
        return BREAK_GLASS.get(reading, f"{permit.account}/{permit.id}")


def test_it_lifts_the_approvals_and_is_charged_like_any_other(sealed: House) -> None:
    asked = past(sealed)

    keys = Reader.of(sealed, "ana", permit_of(asked)).keys()

    assert len(keys) == 1
    assert held_bytes(sealed, "ana") == BYTES
    assert (asked.request.approvals, asked.request.distinct_teams) == (0, 0)


def test_its_permit_ends_within_the_hour(sealed: House) -> None:
    row = permit_of(past(sealed))
    assert permit_in(sealed, row).expires_at == sealed.clock.now + HOUR

    sealed.clock.advance(minutes=61)
    sealed.refresh("ana")

    with pytest.raises(DeniedError) as refused:
        Reader.of(sealed, "ana", row).release()
    assert refused.value.reasons == ("permit-expired",)


def test_more_than_an_hour_is_refused(sealed: House) -> None:
    with pytest.raises(DeniedError, match="would last 1 h 1 min; it lasts 1 h"):
        sealed.by("ana").request(
            "llm",
            segments=[BLOCK],
            purpose="a test",
            duration=HOUR + timedelta(minutes=1),
            break_glass=WHY,
        )


@pytest.mark.parametrize("why", ["", "  \n"])
def test_a_reason_is_mandatory(sealed: House, why: str) -> None:
    with pytest.raises(DeniedError, match="no reason was given") as refused:
        past(sealed, why=why)

    assert refused.value.reasons == ("break-glass-reason",)
    assert refused.value.hint == "say why it cannot wait: --break-glass REASON"


def test_where_nobody_has_to_approve_there_is_nothing_to_go_past(
    sealed: House, model_open: str
) -> None:
    with pytest.raises(InputError, match="nobody has to approve"):
        sealed.by("ana").request(model_open, break_glass=WHY)


@pytest.fixture
def model_open(sealed: House, model: Path) -> str:
    sealed.publish(model, "free", classification="open")
    return "free"


def test_what_was_opened_owes_a_review_within_a_day(sealed: House) -> None:
    asked = past(sealed)
    row = row_of(sealed, asked)

    assert row.opener == row.account == sealed.actors["ana"].account
    assert row.due_at == row.opened_at + timedelta(hours=24)
    assert row.state == "open"


def test_the_reason_stands_in_no_entry_and_can_be_erased(sealed: House) -> None:
    past(sealed)

    with sealed.room.room.ledger.reading() as reading:
        entries = list(sealed.room.room.ledger.entries(reading, 0))
    assert any(b'"breakglass.opened"' in entry.body for entry in entries)
    assert all(WHY.encode() not in entry.body for entry in entries)


def test_nobody_told_is_recorded_and_shown(sealed: House) -> None:
    """Once a message is lost in silence, break-glass is a way around approvals."""
    asked = past(sealed)

    assert asked.told == Told()
    assert row_of(sealed, asked).notice is NoticeState.FAILED
    assert newest(sealed) == {
        "kind": "notice.sent",
        "about": "break-glass",
        "subject": permit_of(asked).id,
        "reached": 0,
        "failed": 0,
    }


def requests_telling(house: House, sent: list[Message], told: Told) -> Requests:
    def tell(message: Message) -> Told:
        with house.room.room.ledger.reading() as reading:
            assert BREAK_GLASS.find(reading)  # the commit came first
        sent.append(message)
        return told

    room = house.room.room
    return Requests(
        room.gate,
        room.approvals,
        room=room.settings.room,
        keys=room.keys,
        random=room.random,
        tell=tell,
    )


def test_people_are_told_after_the_commit_and_without_free_text(sealed: House) -> None:
    sent: list[Message] = []
    requests = requests_telling(sealed, sent, Told(reached=1, failed=("b: away",)))

    asked = requests.ask(sealed.actors["ana"], past_draft())

    assert row_of(sealed, asked).notice is NoticeState.SENT
    (message,) = sent
    assert message.title == "ana opened llm past the approvals"
    assert permit_of(asked).id in message.text
    assert WHY not in message.title + message.text
    assert (newest(sealed)["reached"], newest(sealed)["failed"]) == (1, 1)


def test_owners_of_the_models_project_are_told_but_not_the_opener(
    sealed: House,
) -> None:
    """An owner who opens must not be the only one who hears of it, and count."""
    for name in ("ana", "ben"):
        sealed.room.room.people.set_member(
            sealed.actors["root"], "default", name, Membership.OWNER
        )
    sent: list[Message] = []
    requests = requests_telling(sealed, sent, Told())

    asked = requests.ask(sealed.actors["ana"], past_draft())

    assert [message.person for message in sent] == [None, "ben"]
    assert row_of(sealed, asked).notice is NoticeState.FAILED


def test_a_usual_request_tells_nobody(sealed: House) -> None:
    sent: list[Message] = []

    requests_telling(sealed, sent, Told()).ask(sealed.actors["ana"], draft(BLOCK))

    assert sent == []


def past_draft() -> RequestDraft:
    return replace(draft(BLOCK), duration=HOUR, break_glass=WHY)


def test_a_revoked_one_opens_nothing(sealed: House) -> None:
    row = permit_of(past(sealed, "ana", BLOCK, OTHER))
    sealed.by("ines").revoke(row.id)

    with pytest.raises(DeniedError) as refused:
        Reader.of(sealed, "ana", row).release()
    assert refused.value.reasons == ("permit-revoked",)


TABLE = load_terms(Profile.STANDARD)


def test_what_policy_reads_of_a_draft_past_the_approvals() -> None:
    usual = draft(BLOCK)
    assert asked_facts(TABLE, usual) == {}
    class_terms = TABLE.of(Classification.RESTRICTED)
    assert asked_terms(class_terms, usual) is class_terms
    glass = draft(BLOCK, break_glass="why", duration=HOUR)
    lifted = asked_terms(class_terms, glass)
    assert lifted == replace(class_terms, approvals=0, distinct_teams=0)
    assert TABLE.break_glass is not None
    facts = {
        "offered": True,
        "reasonStated": True,
        "signed": False,
        "lasts": HOUR,
        "longest": TABLE.break_glass.longest,
    }
    assert asked_facts(TABLE, glass) == {"breakGlass": facts}
    bare = asked_facts(
        replace(TABLE, break_glass=None), replace(glass, break_glass=" ")
    )
    assert bare == {
        "breakGlass": {
            **facts,
            "offered": False,
            "reasonStated": False,
            "longest": timedelta(0),
        }
    }


@pytest.mark.parametrize("said", [None, False, 1, "true", {}])
def test_only_a_plain_yes_goes_past_the_approvals(said: Json) -> None:
    assert is_past_approvals({"break_glass": True})
    assert not is_past_approvals({"break_glass": said})
    assert not is_past_approvals({})
