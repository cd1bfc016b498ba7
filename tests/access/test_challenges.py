"""A question is answered once, soon, by whom and for what it was asked."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest

from strongroom.access import challenges
from strongroom.access.challenges import (
    CHALLENGES,
    Challenge,
    ChallengeState,
    Purpose,
)
from strongroom.errors import DeniedError, IntegrityError
from strongroom.types import AccountId
from tests.access.rooms import Rooms, Said
from tests.ledger.world import event


def asked(
    rooms: Rooms, purpose: Purpose = Purpose.LOGIN, name: str = "ana"
) -> Challenge:
    account = rooms.account(name)
    with rooms.world.ledger.transaction() as writing:
        return challenges.ask(writing, account, purpose, random=os.urandom)


def take(
    rooms: Rooms,
    challenge: str,
    purpose: Purpose = Purpose.LOGIN,
    account: AccountId | None = None,
) -> None:
    with rooms.world.ledger.transaction() as writing:
        challenges.take(writing, challenge, purpose, account=account)
        writing.append(event())


def test_a_question_is_random_and_recorded(rooms: Rooms) -> None:
    challenge = asked(rooms)

    facts = {
        "account": challenge.account,
        "challenge": challenge.id,
        "ceremony": "login",
        "expires": "2026-11-22T10:05:00.000000Z",
    }
    said = Said(challenge.account, None, facts, {}, None)
    assert rooms.said("passkey.challenged") == [said]
    assert len(challenge.value) == 32
    assert (challenge.revision, challenge.source, challenge.state) == (1, "", "open")


def test_a_question_is_answered_once(rooms: Rooms) -> None:
    challenge = asked(rooms)
    take(rooms, challenge.id, account=challenge.account)

    with pytest.raises(DeniedError, match="no question"):
        take(rooms, challenge.id)


def test_a_question_lasts_five_minutes(rooms: Rooms) -> None:
    challenge, late = asked(rooms), asked(rooms, name="ben")
    rooms.world.clock.time += timedelta(minutes=5) - timedelta.resolution
    take(rooms, challenge.id)
    rooms.world.clock.time += timedelta.resolution

    with pytest.raises(DeniedError, match="no question"):
        take(rooms, late.id)


@pytest.mark.parametrize("purpose", [Purpose.ADD, Purpose.STEP_UP])
def test_a_question_is_for_one_purpose(rooms: Rooms, purpose: Purpose) -> None:
    challenge = asked(rooms)

    with pytest.raises(DeniedError, match="no question"):
        take(rooms, challenge.id, purpose)


def test_a_question_is_for_one_account(rooms: Rooms) -> None:
    challenge = asked(rooms)

    with pytest.raises(DeniedError, match="no question"):
        take(rooms, challenge.id, account=AccountId("account-x"))


def test_a_question_that_was_put_back_is_answered_by_nobody(rooms: Rooms) -> None:
    """Whoever keeps the database would let an old answer count again."""
    challenge = asked(rooms)
    with rooms.world.database.reading() as connection:
        before = connection.execute(challenges.CHALLENGES.table.select()).one()
    take(rooms, challenge.id)
    rooms.world.attack(challenges.CHALLENGES.table.update().values(before._asdict()))

    with pytest.raises(IntegrityError, match="last recorded"):
        take(rooms, challenge.id)


@pytest.mark.parametrize("name", ["challenge-x", "", "\x00", "caf\u00e9", "a\n"])
def test_a_question_that_nobody_asked_is_none(rooms: Rooms, name: str) -> None:
    asked(rooms)
    with rooms.world.ledger.reading() as reading:
        assert challenges.find(reading, name) is None


def test_where_somebody_came_from_is_forgotten_of_them_alone(rooms: Rooms) -> None:
    ana, ben = rooms.account("ana"), rooms.account("ben")
    with rooms.world.ledger.transaction() as writing:
        for account in (ana, ben):
            for source in ("here", ""):
                challenges.ask(
                    writing, account, Purpose.LOGIN, random=os.urandom, source=source
                )
        challenges.forget_sources(writing, ana.id)
        writing.append(event())

    with rooms.world.ledger.reading() as reading:
        found = CHALLENGES.find(reading)
    kept = sorted((c.account == ana.id, c.source, c.revision) for c in found)
    assert kept == [(False, "", 1), (False, "here", 1), (True, "", 1), (True, "", 2)]


def test_states_and_purposes_are_stored_under_the_same_names_in_every_version() -> None:
    assert [*ChallengeState] == ["open", "used"]
    assert [*Purpose] == ["add", "login", "step-up"]
