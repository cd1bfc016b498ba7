"""A second factor is sealed, is replaced whole, and nothing of it counts twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from strongroom.access import accounts, factors, totp
from strongroom.access.factors import FACTORS, FactorState
from strongroom.database import tables
from strongroom.errors import DeniedError, IntegrityError
from strongroom.types import Role, Secret
from tests.access.rooms import Rooms
from tests.ledger.world import KEYS


def states(rooms: Rooms) -> list[str]:
    with rooms.world.ledger.reading() as reading:
        rows = FACTORS.find(reading)
    return [f.state for f in sorted(rows, key=lambda f: f.created_at)]


def enrol(rooms: Rooms) -> tuple[Secret, list[str]]:
    actor = rooms.actor("ana", Role.RESEARCHER)
    secret = rooms.people.begin_factor(actor).secret
    return secret, rooms.enrolled(actor, "ana", secret)


def test_the_database_has_no_secret_and_no_recovery_code(rooms: Rooms) -> None:
    secret, codes = enrol(rooms)
    with rooms.world.database.reading() as connection:
        row = connection.execute(sa.select(tables.second_factors)).one()

    assert len(set(codes)) == totp.RECOVERY_CODES
    assert secret.reveal() not in row.secret
    assert all(code not in repr(row) for code in codes)
    assert all(code.replace("-", "") not in repr(row) for code in codes)


def test_a_factor_counts_when_it_is_confirmed_and_replaces_the_former(
    rooms: Rooms,
) -> None:
    actor = rooms.actor("ana", Role.RESEARCHER)
    first = rooms.people.begin_factor(actor).secret
    assert states(rooms) == [FactorState.PENDING]
    rooms.enrolled(actor, "ana", first)
    rooms.world.clock.pass_(seconds=60)
    second = rooms.people.begin_factor(actor).secret
    assert states(rooms) == [FactorState.ACTIVE, FactorState.PENDING]
    rooms.enrolled(actor, "ana", second)

    assert states(rooms) == [FactorState.REPLACED, FactorState.ACTIVE]


def test_a_wrong_code_confirms_nothing(rooms: Rooms) -> None:
    actor = rooms.actor("ana", Role.RESEARCHER)
    rooms.people.begin_factor(actor)

    with pytest.raises(DeniedError):
        rooms.people.confirm_factor("ana", "abcdef", source="here")
    assert states(rooms) == [FactorState.PENDING]


def test_nothing_is_confirmed_that_was_not_begun(rooms: Rooms) -> None:
    enrol(rooms)

    with pytest.raises(DeniedError, match="no enrolment is pending"):
        rooms.people.confirm_factor("ana", "123456", source="here")


def test_a_factor_moved_to_another_account_is_missed(rooms: Rooms) -> None:
    """Ana would need no code any more, and Bob would have hers."""
    enrol(rooms)
    bob = rooms.account("bob")
    rooms.world.attack(sa.update(tables.second_factors).values(account=bob.id))

    with rooms.world.ledger.reading() as reading:
        assert factors.active_factor(reading, bob.id) is None
        ana = accounts.find_account(reading, "ana")
        with pytest.raises(IntegrityError):
            factors.active_factor(reading, ana.id)


def test_a_deleted_factor_does_not_make_the_password_enough(rooms: Rooms) -> None:
    enrol(rooms)
    rooms.world.attack("DELETE FROM second_factors")

    with (
        pytest.raises(IntegrityError, match="deleted"),
        rooms.world.ledger.reading() as reading,
    ):
        factors.active_factor(reading, accounts.find_account(reading, "ana").id)


def test_a_code_is_used_up_in_the_transaction_that_takes_it(rooms: Rooms) -> None:
    secret, _ = enrol(rooms)
    rooms.world.clock.pass_(seconds=60)
    code = totp.code_at(secret, rooms.world.clock())
    with rooms.world.ledger.transaction() as writing:
        ana = accounts.find_account(writing, "ana")
        factor = factors.active_factor(writing, ana.id)
        assert factor is not None
        factors.use(writing, factor, code, key=KEYS.totp)
        again = factors.active_factor(writing, ana.id)
        assert again is not None
        with pytest.raises(DeniedError, match="used"):
            factors.use(writing, again, code, key=KEYS.totp)
        writing.append(factors.event(ana, "confirmed"))


@pytest.mark.parametrize(
    ("ago", "fresh"), [(None, False), (0, True), (900, True), (901, False)]
)
def test_a_factor_is_replaced_only_by_who_proved_it_lately(
    rooms: Rooms, ago: int | None, fresh: bool
) -> None:
    enrol(rooms)
    lately = timedelta(minutes=15)
    with rooms.world.ledger.transaction() as writing:
        ana = accounts.find_account(writing, "ana").id
        at = None if ago is None else writing.now - timedelta(seconds=ago)
        if fresh:
            factors.require_fresh(writing, ana, proved_at=at, at_most_old=lately)
            return
        with pytest.raises(DeniedError, match="the former one"):
            factors.require_fresh(writing, ana, proved_at=at, at_most_old=lately)
