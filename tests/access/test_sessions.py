"""Who acts is checked in every transaction, against the session as it stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from strongroom.access.sessions import (
    SESSION_TTL,
    SESSIONS,
    Actor,
    SessionState,
    close_all,
    verify_actor,
)
from strongroom.errors import DeniedError
from strongroom.ledger.events import Event
from strongroom.types import AccountId, Factor, Role, SessionId
from tests.access.rooms import Rooms, Said


@pytest.mark.parametrize("state", ["suspended", "left"])
def test_who_acts_without_a_session_is_refused_too(rooms: Rooms, state: str) -> None:
    """As the owner of a ``solo`` room does: nothing could be closed there.

    Only the closed session once kept a suspended account out of a test.
    """
    admin = rooms.actor("root", Role.ADMINISTRATOR, team="office")
    actor = Actor(account=rooms.account("ana").id)
    rooms.people.everybody(actor)
    rooms.people.change_state(admin, "ana", state)

    with pytest.raises(DeniedError, match=f"ana is {state}"):
        rooms.people.everybody(actor)


def test_an_actor_cannot_claim_a_better_proof(rooms: Rooms) -> None:
    actor = rooms.session(rooms.account("ana"), Factor.PASSWORD)
    better = Actor(
        account=actor.account,
        session=actor.session,
        factor=Factor.TOTP,
        factor_at=rooms.world.clock(),
    )

    with pytest.raises(DeniedError, match="not what it was"):
        rooms.people.everybody(better)


def test_what_an_actor_causes_names_account_and_session() -> None:
    actor = Actor(account=AccountId("account-a"), session=SessionId("session-s"))

    assert actor.event("request.withdrawn", {"request": "r"}) == Event(
        kind="request.withdrawn",
        actor=actor.account,
        session=actor.session,
        facts={"request": "r"},
    )


def counts(rooms: Rooms, actor: Actor) -> bool:
    with rooms.world.ledger.reading() as reading:
        try:
            verify_actor(reading, actor, now=reading.now)
        except DeniedError:
            return False
        return True


def test_a_session_counts_until_its_last_moment(rooms: Rooms) -> None:
    actor = rooms.actor("ana", Role.RESEARCHER)
    rooms.world.clock.time += SESSION_TTL - SESSION_TTL.resolution
    assert counts(rooms, actor)
    rooms.world.clock.time += SESSION_TTL.resolution

    assert not counts(rooms, actor)


def test_a_closed_session_counts_no_more(rooms: Rooms) -> None:
    actor = rooms.actor("ana", Role.RESEARCHER)
    other = rooms.actor("ben", Role.RESEARCHER)
    with rooms.world.ledger.transaction() as writing:
        (row,) = SESSIONS.find(writing, SESSIONS.columns.account == actor.account)
        assert (row.revision, row.state) == (1, "open")
        assert row.token_hash.hex() not in repr(row)
        assert repr(row.token_hash) not in repr(row)
        close_all(writing, actor.account, why="left", by=other.account)
        assert SESSIONS.get(writing, row.id).state == "closed"

    assert (counts(rooms, actor), counts(rooms, other)) == (False, True)
    assert rooms.facts("session.closed") == [{"session": actor.session, "why": "left"}]


def test_the_entry_of_an_end_says_who_ended_it_and_why(rooms: Rooms) -> None:
    actor = rooms.actor("ana", Role.RESEARCHER)
    root = rooms.account("root", Role.ADMINISTRATOR)
    with rooms.world.ledger.transaction() as writing:
        close_all(writing, actor.account, why="left", by=root.id)
    with rooms.world.ledger.transaction() as writing:
        close_all(writing, actor.account, why="again", by=root.id)

    facts = {"session": actor.session, "why": "left"}
    assert rooms.said("session.closed") == [
        Said(root.id, actor.session, facts, {}, None)
    ]


def test_an_actor_of_the_passphrase_has_neither_session_nor_factor() -> None:
    actor = Actor(account=AccountId("account-a"))

    assert (actor.session, actor.factor, actor.factor_at) == (None, "passphrase", None)
    said = actor.event("request.withdrawn", {"request": "r"}, subject=actor.account)
    assert (said.session, said.private, said.subject) == (None, {}, actor.account)


def test_an_actor_is_exactly_what_the_session_is(rooms: Rooms) -> None:
    actor = rooms.actor("ana", Role.RESEARCHER)
    other = rooms.account("ben").id

    assert counts(rooms, actor)
    for changed in (
        replace(actor, factor=Factor.PASSKEY),
        replace(actor, factor_at=None),
        replace(actor, account=other),
    ):
        assert not counts(rooms, changed)


def test_states_are_stored_under_the_same_names_in_every_version() -> None:
    assert [*SessionState] == ["open", "closed"]
    assert timedelta(hours=8) == SESSION_TTL
