"""Attackers who go past the approvals, and what stops or shows them."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from strongroom.access.projects import Membership
from strongroom.database import people_tables, tables
from strongroom.errors import DeniedError, IntegrityError, StrongroomError
from strongroom.permits.permit import PermitRow
from tests.attacks.both_databases.administrator import Administrator
from tests.journeys.rooms import House, again

PART = ("blocks.0.1", "blocks.1.1")


@pytest.fixture
def llm(house: House, model: Path) -> House:
    house.publish(model)
    return house


def past(house: House, *segments: str, name: str = "ana") -> PermitRow:
    asked = house.by(name).request(
        "llm", segments=segments, purpose="x", break_glass="it burns"
    )
    assert asked.permit is not None
    return asked.permit


def names(house: House) -> list[str]:
    described = house.room.room.catalogue.show(house.actors["olga"], "llm")
    return [segment.name for segment in described.manifest.segments]


def refused(house: House, *segments: str, name: str = "ana") -> tuple[str, ...]:
    with pytest.raises(DeniedError) as caught:
        past(house, *segments, name=name)
    return caught.value.reasons


def test_it_does_not_exceed_the_cap_of_a_person(llm: House) -> None:
    """ATT&CK T1548, AML.T0025: no emergency hands out more than anybody may hold."""
    taken: list[str] = []
    reasons: set[tuple[str, ...]] = set()
    for name in names(llm):
        try:
            past(llm, name)
            taken.append(name)
        except DeniedError as error:
            reasons.add(error.reasons)

    assert 0 < len(taken) < len(names(llm))
    assert reasons == {("person-cap",)}


def test_two_who_break_glass_end_at_the_cap_of_a_pair(llm: House) -> None:
    """ATT&CK T1548, AML.T0025: complementary halves in the same emergency."""
    reasons: set[str] = set()
    for at, name in enumerate(names(llm)):
        try:
            past(llm, name, name=("ana", "ben")[at % 2])
        except DeniedError as error:
            reasons |= set(error.reasons)

    assert "pair-cap" in reasons


def test_the_whole_model_is_not_opened(llm: House) -> None:
    """ATT&CK T1548: the rule about whole models is not one about approvals."""
    assert "no-whole-model-to-a-person" in refused(llm)


def test_two_at_once_do_not_exceed_the_cap(llm: House) -> None:
    """ATT&CK T1499.003: both look before either takes."""
    every = names(llm)
    half = len(every) // 6
    issued: list[str] = []
    reasons: list[tuple[str, ...]] = []
    barrier = threading.Barrier(4)

    def take(segments: list[str]) -> None:
        with again(llm.folder, llm.clock) as room:
            bound = type(room)(room.room, llm.actors["ana"])
            barrier.wait()
            try:
                asked = bound.request(
                    "llm", segments=segments, purpose="x", break_glass="it burns"
                )
                issued.append(asked.request.id)
            except DeniedError as error:
                reasons.append(error.reasons)

    cuts = [every[at * half : (at + 1) * half] for at in range(4)]
    threads = [threading.Thread(target=partial(take, cut)) for cut in cuts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    report = llm.by("ines").records.exposure("llm")
    assert report.person_cap is not None
    assert all(holder.held <= report.person_cap for holder in report.holders)
    assert len(issued) + len(reasons) == 4
    assert issued
    assert reasons


def test_a_revoked_one_is_not_used_and_membership_still_counts(llm: House) -> None:
    """ATT&CK T1078: revoked, or out of the project, between issue and use."""
    first, second = past(llm, PART[0]), past(llm, PART[1])
    llm.by("ines").revoke(first.id)
    with pytest.raises(DeniedError) as revoked:
        llm.by("ana").open(first.id)
    llm.room.room.people.set_member(
        llm.actors["root"], "default", "ana", Membership.REMOVED
    )
    with pytest.raises(DeniedError) as left:
        llm.by("ana").open(second.id)

    assert revoked.value.reasons == ("permit-revoked",)
    assert left.value.reasons == ("members-only",)


def test_a_new_session_does_not_forget_an_overdue_review(llm: House) -> None:
    """ATT&CK T1550: the account owes the review, not the session."""
    past(llm, PART[0])
    llm.clock.advance(hours=25)
    llm.login("ana")

    assert refused(llm, PART[1]) == ("review-overdue",)
    with pytest.raises(DeniedError) as usual:
        llm.by("ana").request("llm", segments=[PART[1]], purpose="x")
    assert usual.value.reasons == ("review-overdue",)


def test_a_clock_that_is_set_back_does_not_undo_the_delay(llm: House) -> None:
    """ATT&CK T1070.006: time is the later of the clock and the newest entry."""
    past(llm, PART[0])
    llm.clock.advance(hours=25)
    llm.login("ana")
    llm.clock.advance(hours=-24)

    with pytest.raises(StrongroomError) as caught:
        llm.by("ana").request("llm", segments=[PART[1]], purpose="x")
    assert "clock" in str(caught.value)


def test_deleting_what_owes_a_review_is_seen_at_the_next_use(llm: House) -> None:
    """ATT&CK T1485: the administrator of the database helps."""
    past(llm, PART[0])
    llm.clock.advance(hours=25)
    llm.refresh()
    Administrator.of(llm).execute(sa.delete(people_tables.break_glass))

    with pytest.raises(IntegrityError, match="was deleted"):
        llm.by("ana").request("llm", segments=[PART[1]], purpose="x")


def test_a_review_that_nobody_wrote_is_refused(llm: House) -> None:
    """ATT&CK T1565.001: ``accepted``, set in the database."""
    past(llm, PART[0])
    llm.clock.advance(hours=25)
    llm.refresh()
    table = people_tables.break_glass
    Administrator.of(llm).execute(sa.update(table).values(state="accepted"))

    with pytest.raises(IntegrityError, match="was not written by this room"):
        llm.by("ana").request("llm", segments=[PART[1]], purpose="x")


def test_a_permit_that_waits_for_approvals_is_not_made_one(llm: House) -> None:
    """ATT&CK T1565.001: a pending request whose row says that nobody is needed."""
    asked = llm.by("ana").request("llm", segments=[PART[0]], purpose="x")
    Administrator.of(llm).execute(
        sa.update(tables.requests)
        .where(tables.requests.c.id == asked.request.id)
        .values(approvals=0, distinct_teams=0)
    )

    with pytest.raises(IntegrityError):
        llm.by("ines").approve(asked.request.id)
