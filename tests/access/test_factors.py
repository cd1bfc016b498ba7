"""A second factor is sealed, is replaced whole, and nothing of it counts twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from strongroom import canonical
from strongroom.access import accounts, factors, totp
from strongroom.access.factors import FACTORS, FactorState
from strongroom.crypto import wraps
from strongroom.database import tables
from strongroom.errors import DeniedError, IntegrityError
from strongroom.types import Role, Secret
from tests.access.rooms import Rooms, Said
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


def test_an_entry_says_which_step_was_taken(rooms: Rooms) -> None:
    enrol(rooms)
    with rooms.world.ledger.reading() as reading:
        ana = accounts.find_account(reading, "ana").id

    assert rooms.said("factor.changed") == [
        Said(ana, None, {"account": ana, "step": step}, {}, None)
        for step in ("begun", "confirmed")
    ]


def test_a_secret_is_sealed_for_its_row_and_account(rooms: Rooms) -> None:
    """The context is published: another version has to open it."""
    secret, codes = enrol(rooms)
    with rooms.world.ledger.reading() as reading:
        (row,) = FACTORS.find(reading)

    context = canonical.encode("strongroom/v1/totp-secret", row.id, row.account)
    opened = wraps.open_field(KEYS.totp, row.secret, context)
    assert opened.reveal() == secret.reveal()
    assert (row.revision, len(row.recovery_hashes)) == (2, len(codes))
    assert row.recovery_hashes[0] not in repr(row)


def test_a_begun_factor_has_seen_no_code(rooms: Rooms) -> None:
    rooms.people.begin_factor(rooms.actor("ana", Role.RESEARCHER))
    with rooms.world.ledger.reading() as reading:
        (row,) = FACTORS.find(reading)

    assert (row.revision, row.last_step, row.recovery_hashes) == (1, 0, ())


def test_the_newest_of_several_that_were_begun_is_confirmed(rooms: Rooms) -> None:
    actor = rooms.actor("ana", Role.RESEARCHER)
    first = rooms.people.begin_factor(actor).secret
    rooms.world.clock.pass_(seconds=60)
    second = rooms.people.begin_factor(actor).secret
    with pytest.raises(DeniedError, match="wrong"):
        rooms.enrolled(actor, "ana", first)
    rooms.enrolled(actor, "ana", second)

    assert states(rooms) == [FactorState.REPLACED, FactorState.ACTIVE]


def test_the_code_that_confirmed_is_used_up_and_a_recovery_code_is_spent(
    rooms: Rooms,
) -> None:
    secret, codes = enrol(rooms)
    code = totp.code_at(secret, rooms.world.clock())
    with rooms.world.ledger.transaction() as writing:
        ana = accounts.find_account(writing, "ana")
        factor = factors.active_factor(writing, ana.id)
        assert factor is not None
        with pytest.raises(DeniedError, match="used"):
            factors.use(writing, factor, code, key=KEYS.totp)
        kind = factors.use(writing, factor, codes[3], key=KEYS.totp)
        left = factors.active_factor(writing, ana.id)
        writing.append(factors.event(ana, "confirmed"))

    assert left is not None
    assert (kind, len(left.recovery_hashes)) == ("recovery-code", 7)
    assert left.last_step == factor.last_step


def test_whoever_has_no_factor_needs_no_former_one(rooms: Rooms) -> None:
    ben = rooms.account("ben")
    with rooms.world.ledger.transaction() as writing:
        assert not factors.has_factor(writing, ben.id)
        factors.require_fresh(writing, ben.id, proved_at=None, at_most_old=timedelta(0))


def test_states_are_stored_under_the_same_names_in_every_version() -> None:
    assert [*FactorState] == ["pending", "active", "replaced"]
