"""A question is answered once, soon, by whom and for what it was asked."""

from __future__ import annotations

import os

import pytest

from strongroom.access import challenges
from strongroom.access.challenges import CHALLENGE_TTL, Challenge, Purpose
from strongroom.errors import DeniedError, IntegrityError
from strongroom.types import AccountId
from tests.access.rooms import Rooms
from tests.ledger.world import event


def asked(rooms: Rooms, purpose: Purpose = Purpose.LOGIN) -> Challenge:
    account = rooms.account("ana")
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

    (said,) = rooms.facts("passkey.challenged")
    assert (said["challenge"], said["ceremony"]) == (challenge.id, "login")
    assert len(challenge.value) == 32
    assert challenge.value.hex() not in str(said)


def test_a_question_is_answered_once(rooms: Rooms) -> None:
    challenge = asked(rooms)
    take(rooms, challenge.id, account=challenge.account)

    with pytest.raises(DeniedError, match="no question"):
        take(rooms, challenge.id)


def test_a_question_lasts_five_minutes(rooms: Rooms) -> None:
    challenge = asked(rooms)
    rooms.world.clock.pass_(seconds=CHALLENGE_TTL.total_seconds())

    with pytest.raises(DeniedError, match="no question"):
        take(rooms, challenge.id)


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
