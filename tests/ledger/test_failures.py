"""What differs is recorded, once for each result."""

from __future__ import annotations

import json

import pytest

from strongroom.errors import IntegrityError
from strongroom.ledger.events import MAX_ENTRY_BYTES
from strongroom.ledger.failures import KIND, MOST_NAMED, record_failure
from strongroom.ledger.log import Entry
from strongroom.ledger.reconcile import RowFinding
from tests.ledger.world import World


def finding(row_id: str, position: int | None = 4) -> RowFinding:
    return RowFinding(table="permits", id=row_id, problem="restored", position=position)


def recorded(world: World) -> list[Entry]:
    with world.ledger.reading() as reading:
        every = world.ledger.entries(reading, 0)
        return [e for e in every if f'"kind":"{KIND}"'.encode() in e.body]


def test_nothing_found_is_nothing_to_record(world: World) -> None:
    assert not record_failure(world.ledger, [])
    assert recorded(world) == []


def test_an_entry_names_what_was_found(world: World) -> None:
    assert record_failure(world.ledger, [finding("b"), finding("a")])

    (entry,) = recorded(world)
    facts = json.loads(entry.body)["facts"]
    assert facts["count"] == 2
    assert facts["rows"] == [
        "permits a was restored (last named by entry 4)",
        "permits b was restored (last named by entry 4)",
    ]


def test_the_same_result_is_recorded_once(world: World) -> None:
    """Also in another order, and after another result."""
    one, other = [finding("a"), finding("b")], [finding("a")]

    assert record_failure(world.ledger, one)
    assert record_failure(world.ledger, other)
    assert not record_failure(world.ledger, one[::-1])
    assert not record_failure(world.ledger, other)

    assert len(recorded(world)) == 2


def test_what_is_found_in_a_whole_room_fits_an_entry(world: World) -> None:
    every = [finding(f"permit-{number:026}") for number in range(3 * MOST_NAMED)]

    record_failure(world.ledger, every)

    (entry,) = recorded(world)
    assert len(entry.body) <= MAX_ENTRY_BYTES
    assert entry.attached is not None
    assert json.loads(entry.body)["facts"]["count"] == 3 * MOST_NAMED
    assert len(json.loads(entry.attached)["facts"]["rows"]) == 1000
    assert not record_failure(world.ledger, every)


def test_an_entry_that_somebody_put_there_does_not_stand_for_ours(
    world: World,
) -> None:
    """The attacker says that it was recorded already, so that it is not."""
    record_failure(world.ledger, [finding("a")])
    (entry,) = recorded(world)
    digest = json.loads(entry.body)["facts"]["digest"]
    world.attack("UPDATE entries SET body = :body", body=entry.body[:-1] + b" }")
    assert digest.encode() in entry.body

    with pytest.raises(IntegrityError):
        record_failure(world.ledger, [finding("a")])
