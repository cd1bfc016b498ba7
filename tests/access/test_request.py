"""A request asks for one thing, until it is decided or its time is over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from strongroom.access.request import (
    REQUEST_TTL,
    REQUESTS,
    Request,
    pending_request,
    request_digest,
)
from strongroom.errors import ConflictError, IntegrityError
from tests.access.rooms import Rooms
from tests.access.test_approvals import House


@pytest.fixture
def house(rooms: Rooms) -> House:
    return House(rooms)


def pending(house: House, request: str) -> Request:
    with house.rooms.world.ledger.transaction() as writing:
        return pending_request(writing, request)


@pytest.mark.parametrize("body", ["[]", "7", "null", "{}", '{"payload":[]}'])
def test_a_body_of_another_shape_asks_for_nothing(house: House, body: str) -> None:
    request = house.ask()
    with house.rooms.world.ledger.reading() as reading:
        row = REQUESTS.get(reading, request)
    digest = request_digest(row.id, row.action, row.asker, body.encode())

    with pytest.raises(IntegrityError, match="asks for nothing"):
        replace(row, body=body, digest=digest).payload()


def test_a_request_waits_until_its_time_is_over(house: House) -> None:
    request = house.ask()
    house.rooms.world.clock.time += REQUEST_TTL - REQUEST_TTL.resolution

    assert pending(house, request).id == request
    house.rooms.world.clock.time += REQUEST_TTL.resolution
    with pytest.raises(ConflictError, match="has expired"):
        pending(house, request)


def test_a_request_that_is_decided_waits_no_longer(house: House) -> None:
    request = house.ask()
    house.rooms.approvals.decline(house.actors["bob"], request)

    with pytest.raises(ConflictError, match="is declined already"):
        pending(house, request)
