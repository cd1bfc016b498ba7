"""A passkey counts for one account, while its counter grows and nobody gave it up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access import accounts, factors, passkeys
from strongroom.access.assertions import Registered
from strongroom.access.passkeys import MOST_PASSKEYS, counter_grew
from strongroom.errors import ConflictError, DeniedError, IntegrityError
from strongroom.types import Role
from tests.access.rooms import Rooms
from tests.authenticator import SoftAuthenticator

counts = st.integers(0, 2**32 - 1)


@given(counts, counts)
def test_a_counter_grows_or_there_is_none(stored: int, shown: int) -> None:
    assert counter_grew(stored, shown) is (shown > stored or stored == shown == 0)


def test_a_passkey_is_a_second_factor(rooms: Rooms) -> None:
    actor, _ = rooms.signer("ana", Role.RESEARCHER, team="alpha")
    other = rooms.account("ben")

    with rooms.world.ledger.reading() as reading:
        assert factors.has_factor(reading, actor.account)
        assert not factors.has_factor(reading, other.id)


def test_a_passkey_that_was_deleted_is_missed(rooms: Rooms) -> None:
    """Else the password would be enough again."""
    actor, _ = rooms.signer("ana", Role.RESEARCHER, team="alpha")
    rooms.world.attack("DELETE FROM passkeys")

    with (
        pytest.raises(IntegrityError, match="deleted"),
        rooms.world.ledger.reading() as reading,
    ):
        factors.has_factor(reading, actor.account)


def test_somebody_elses_passkey_is_not_taken(rooms: Rooms) -> None:
    _, key = rooms.signer("ana", Role.RESEARCHER, team="alpha")
    ben, _ = rooms.signer("ben", Role.RESEARCHER, team="alpha")
    asked = rooms.proving.begin_step_up(ben)
    (credential,) = key.credentials.values()
    answer = key.sign(
        credential, challenge=key.challenge_of(asked.options), domain="rooms.example"
    )

    with pytest.raises(DeniedError, match="not one of the account's"):
        rooms.proving.step_up(ben, asked.challenge, answer)


def test_an_account_has_so_many_and_no_more(rooms: Rooms) -> None:
    actor, _ = rooms.signer("ana", Role.RESEARCHER, team="alpha")
    known = rooms.keyring.listed(actor)[0]
    with rooms.world.ledger.transaction() as writing:
        account = accounts.find_account(writing, "ana")
        for number in range(MOST_PASSKEYS):
            made = Registered(
                credential=bytes([number]),
                public_key=known.public_key,
                sign_count=0,
                device="bound",
                attestation=b"x",
            )
            if number < MOST_PASSKEYS - 1:
                passkeys.add(writing, account, made, label="x", random=rooms.random)
                continue
            with pytest.raises(ConflictError, match="has 10 passkeys"):
                passkeys.add(writing, account, made, label="x", random=rooms.random)


def test_giving_up_a_passkey_forgets_its_label_and_happens_once(rooms: Rooms) -> None:
    actor, _ = rooms.signer("ana", Role.RESEARCHER, team="alpha")
    (passkey,) = rooms.keyring.listed(actor)
    rooms.keyring.remove(actor, passkey.name)

    assert [k.label for k in rooms.keyring.listed(actor)] == [""]
    with pytest.raises(ConflictError, match="removed before"):
        rooms.keyring.remove(actor, passkey.name)


def test_the_counter_of_the_last_use_is_remembered(rooms: Rooms) -> None:
    """A copy of the authenticator is seen by its showing that one again."""
    actor, key = rooms.signer("ana", Role.RESEARCHER, team="alpha")
    (registered,) = rooms.keyring.listed(actor)
    rooms.login("ana", key)

    (used,) = rooms.keyring.listed(actor)
    assert used.sign_count == registered.sign_count + 1
    for credential in key.credentials.values():
        credential.count = registered.sign_count
    with pytest.raises(DeniedError, match="suspended"):
        rooms.login("ana", key)


def test_a_copy_that_is_tried_ends_neither_the_account_nor_another_passkey(
    rooms: Rooms,
) -> None:
    actor, key = rooms.signer("ana", Role.RESEARCHER, team="alpha")
    spare = SoftAuthenticator()
    rooms.passkey(actor, spare)
    for credential in key.credentials.values():
        credential.count = 0
    with pytest.raises(DeniedError, match="suspended"):
        rooms.login("ana", key)

    assert rooms.login("ana", spare).account == actor.account
