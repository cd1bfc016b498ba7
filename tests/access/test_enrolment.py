"""An invitation is for one account, once, for three days; then a password counts."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest

from strongroom import canonical
from strongroom.access import enrolment
from strongroom.access.accounts import Account
from strongroom.errors import ConflictError, DeniedError
from strongroom.types import AccountId, Secret
from tests.access.rooms import PASSWORD, QUICK, Rooms, Said
from tests.access.test_accounts import create

ROOT = AccountId("account-root")
LASTS = timedelta(hours=72)


def invite(rooms: Rooms, name: str = "ana") -> tuple[Account, Secret]:
    with rooms.world.ledger.transaction() as writing:
        account = create(writing, name)
        return enrolment.invite(writing, account, by=ROOT, random=os.urandom)


def test_a_code_has_eighty_random_bits_and_is_stored_as_a_hash(rooms: Rooms) -> None:
    account, code = invite(rooms)

    assert len(bytes.fromhex(code.reveal().decode())) == 10
    assert account.enrolment_hash == canonical.digest(
        "strongroom/v1/invitation", account.id, code.reveal()
    )
    said = Said(ROOT, None, {"account": account.id, "state": "invited"}, {}, None)
    assert rooms.said("account.changed") == [said]


def test_a_code_counts_to_the_end_of_three_days(rooms: Rooms) -> None:
    account, code = invite(rooms)
    end = rooms.world.clock() + LASTS

    enrolment.check_invitation(account, code, now=end)
    with pytest.raises(DeniedError, match="too old"):
        enrolment.check_invitation(account, code, now=end + timedelta.resolution)


def test_blanks_around_a_code_do_not_matter(rooms: Rooms) -> None:
    account, code = invite(rooms)
    typed = Secret(b" " + code.reveal() + b"\n")

    enrolment.check_invitation(account, typed, now=rooms.world.clock())


def test_a_code_is_for_one_account(rooms: Rooms) -> None:
    _, code = invite(rooms)
    other, _ = invite(rooms, "ben")

    with pytest.raises(DeniedError, match="wrong"):
        enrolment.check_invitation(other, code, now=rooms.world.clock())


def test_whoever_was_not_invited_has_no_code(rooms: Rooms) -> None:
    with rooms.world.ledger.transaction() as writing:
        account = create(writing)

    for code in (b"", bytes(32)):
        with pytest.raises(DeniedError, match="wrong"):
            enrolment.check_invitation(account, Secret(code), now=rooms.world.clock())


def test_a_password_ends_the_invitation(rooms: Rooms) -> None:
    account, _ = invite(rooms)
    with rooms.world.ledger.transaction() as writing:
        active = enrolment.activate(writing, account, PASSWORD, cost=QUICK)

    assert active.state == "active"
    assert (active.enrolment_hash, active.enrolment_until) == (None, None)
    assert (active.password_hash or "").startswith("$argon2id$v=19$m=19456,t=1,p=1$")
    facts = {"account": account.id, "factor": "password"}
    assert rooms.said("account.enrolled") == [Said(account.id, None, facts, {}, None)]
    with (
        pytest.raises(ConflictError, match="ana is active, not invited"),
        rooms.world.ledger.transaction() as writing,
    ):
        enrolment.invite(writing, active, by=None, random=os.urandom)
