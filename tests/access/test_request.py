"""A request asks for one thing, until it is decided or its time is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from strongroom import canonical
from strongroom.access.quorum import QuorumRule
from strongroom.access.request import (
    APPROVALS,
    REQUEST_TTL,
    REQUESTS,
    Request,
    RequestState,
    pending_request,
    request_digest,
    valid_until,
)
from strongroom.errors import ConflictError, InputError, IntegrityError, MissingError
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


def stored(house: House) -> Request:
    request = house.ask()
    with house.rooms.world.ledger.reading() as reading:
        return REQUESTS.get(reading, request)


def test_the_digest_is_the_same_in_every_version(house: House) -> None:
    row = stored(house)
    computed = canonical.digest(
        "strongroom/v1/request", row.id, row.action, row.asker, row.body.encode()
    )

    assert row.digest == computed.hex()


def test_what_was_altered_or_erased_is_not_what_was_asked_for(house: House) -> None:
    row = stored(house)

    assert row.payload() == {"what": 1}
    with pytest.raises(IntegrityError, match="is not what was asked for"):
        replace(row, digest="00" * 32).payload()
    with pytest.raises(IntegrityError, match="is not what was asked for"):
        replace(row, body=row.body.replace("1}", "2}")).payload()
    with pytest.raises(MissingError, match="was erased"):
        replace(row, body='{"erased":true}').payload()


@pytest.mark.parametrize("length", [256 << 10, (256 << 10) + 1])
def test_a_body_has_a_quarter_of_a_mebibyte_at_most(house: House, length: int) -> None:
    row, frame = stored(house), '{"payload":{"a":""}}'
    body = frame.replace('""', f'"{"x" * (length - len(frame))}"')
    digest = request_digest(row.id, row.action, row.asker, body.encode())
    long = replace(row, body=body, digest=digest)

    if length == 256 << 10:
        assert len(str(long.payload()["a"])) == length - len(frame)
        return
    with pytest.raises((InputError, IntegrityError)):
        long.payload()


@pytest.mark.parametrize(("seconds", "more"), [(90, 90), (0, 0), ("90", 0), (None, 0)])
def test_an_answer_counts_as_long_as_what_it_agrees_to(
    house: House, seconds: int | str | None, more: int
) -> None:
    row = stored(house)
    payload: dict[str, canonical.Json] = {"seconds": seconds}
    if seconds is None:
        payload = {}
    body = canonical.to_json({"payload": payload})
    digest = request_digest(row.id, row.action, row.asker, body)
    lasting = replace(row, body=body.decode(), digest=digest)

    assert valid_until(lasting) == row.expires_at + timedelta(seconds=more)


def test_whoever_asks_is_not_among_those_who_agree(house: House) -> None:
    row = stored(house)

    assert row.rule == QuorumRule(
        approvals=2,
        distinct_teams=2,
        excluded_accounts=frozenset({row.asker}),
        excluded_teams=frozenset(),
        factor_max_age=None,
    )


def test_a_request_waits_a_week_and_an_answer_begins_with_revision_one(
    house: House,
) -> None:
    row = stored(house)
    house.rooms.approvals.approve(house.actors["bob"], row.id)
    with house.rooms.world.ledger.reading() as reading:
        (answer,) = APPROVALS.find(reading)

    assert (row.revision, answer.revision) == (1, 1)
    assert row.expires_at - row.created_at == timedelta(days=7)


def test_states_are_stored_under_the_same_names_in_every_version() -> None:
    assert [*RequestState] == ["pending", "approved", "declined", "withdrawn"]
