"""Head-counts by class, and the permit in force that was asked for first."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from strongroom.permits.headcount import (
    HeadCount,
    OldestPermit,
    head_count,
    protected,
)
from strongroom.types import Classification
from tests.journeys.rooms import House, write_small_model
from tests.permits.openings import BLOCK, OTHER, permit_in


def counted(house: House) -> HeadCount:
    room = house.room.room
    with room.ledger.reading() as reading:
        return head_count(reading, room.gate, room.keys.permit.public)


def test_people_are_counted_by_class(sealed: House, quick: Path) -> None:
    sealed.publish(write_small_model(quick / "free"), "free", classification="open")

    assert counted(sealed).people == {
        Classification.OPEN: 3,
        Classification.INTERNAL: 0,
        Classification.RESTRICTED: 3,
    }


def test_models_of_one_class_and_project_are_one_question(
    sealed: House, quick: Path
) -> None:
    sealed.publish(write_small_model(quick / "second", seed=2), "second")

    with sealed.room.room.ledger.reading() as reading:
        (group,) = protected(reading)
    assert (group.classification, group.models) == (Classification.RESTRICTED, 2)


def test_the_oldest_permit_is_the_one_in_force_that_was_asked_for_first(
    sealed: House,
) -> None:
    assert counted(sealed).oldest is None
    first = sealed.permit("ana", BLOCK, duration=timedelta(hours=1))
    sealed.clock.advance(minutes=5)
    second = sealed.permit("ben", OTHER, duration=timedelta(days=1))

    oldest = counted(sealed).oldest
    assert oldest is not None
    assert oldest.permit == first.id
    left = oldest.expires_at - sealed.clock.now
    sealed.clock.advance(seconds=int(left.total_seconds()))
    assert sealed.clock.now == oldest.expires_at  # at that moment it has ended

    later = counted(sealed).oldest
    assert later is not None
    assert later.permit == second.id


def test_the_oldest_permit_is_shown_with_who_and_when(sealed: House) -> None:
    row = sealed.permit("ana", BLOCK)
    signed = permit_in(sealed, row)

    assert counted(sealed).oldest == OldestPermit(
        permit=row.id,
        account=sealed.actors["ana"].account,
        asked_at=signed.requested_at,
        expires_at=row.expires_at,
    )
