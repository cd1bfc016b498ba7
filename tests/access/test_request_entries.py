"""The entry about a request says what outsiders need, and texts only where they go."""

from __future__ import annotations

from strongroom.ledger.private_texts import private_of
from strongroom.types import Role
from tests.access.rooms import Rooms
from tests.access.test_tally import House, house, sign

__all__ = ["house"]


def test_the_entry_carries_what_was_signed(house: House) -> None:
    request = house.ask()
    sign(house, house.cy, house.cys, request)

    (said,) = house.rooms.facts("request.approved")
    added = {f["passkey"]: f for f in house.rooms.facts("passkey.added")}
    passkey, *parts = said["assertion"]
    assert said["factor"] == "passkey"
    assert added[passkey]["account"] == house.cy.account
    assert len(parts) == 3


def test_an_approval_with_a_code_says_that_nobody_signed(rooms: Rooms) -> None:
    house = House(rooms)
    request = house.ask()
    rooms.approvals.approve(rooms.actor("eve", Role.APPROVER, team="beta"), request)

    (said,) = rooms.facts("request.approved")
    assert (said["factor"], said["assertion"]) == ("totp", None)


def test_why_it_was_declined_stands_beside_the_entry(rooms: Rooms) -> None:
    house = House(rooms)
    request = house.ask()
    approver = rooms.actor("eve", Role.APPROVER, team="beta")
    rooms.approvals.decline(approver, request, reason="ask for less")

    (said,) = rooms.facts("request.declined")
    assert set(said) == {"request", "digest"}
    with rooms.world.ledger.reading() as reading:
        entries = list(rooms.world.ledger.entries(reading, 0))
        texts = [private_of(reading, entry) for entry in entries]
    assert {"reason": "ask for less"} in texts
    assert all(b"ask for less" not in entry.body for entry in entries)


def test_who_says_nothing_leaves_no_text(rooms: Rooms) -> None:
    house = House(rooms)
    approver = rooms.actor("eve", Role.APPROVER, team="beta")
    request = house.ask()
    rooms.approvals.decline(approver, request)

    (said,) = rooms.said("request.declined")
    assert (said.actor, said.session) == (approver.account, approver.session)
    assert (said.private, said.about) == ({}, None)
    (created,) = rooms.said("request.created")
    assert (created.facts["request"], created.private) == (request, {})
