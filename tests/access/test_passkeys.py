"""A passkey counts for one account, while its counter grows and nobody gave it up."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.access import accounts, factors, passkeys
from strongroom.access.assertions import Registered, plain_key
from strongroom.access.passkeys import (
    MOST_PASSKEYS,
    CounterError,
    PasskeyState,
    counter_grew,
)
from strongroom.errors import ConflictError, DeniedError, IntegrityError
from strongroom.types import Role
from tests.access.rooms import Rooms, Said
from tests.authenticator import SoftAuthenticator
from tests.ledger.world import event

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


def test_entries_say_whose_passkey_came_and_went(rooms: Rooms) -> None:
    actor, key = rooms.signer("ana", Role.RESEARCHER, team="alpha")
    (passkey,) = rooms.keyring.listed(actor)
    (credential,) = key.credentials
    root = rooms.actor("root", Role.ADMINISTRATOR)
    rooms.keyring.remove(root, passkey.name)

    assert (passkey.revision, passkey.state, passkey.label) == (1, "active", "key")
    assert (passkey.device, passkey.credential) == ("bound", credential)
    assert passkey.id == f"{actor.account}/{passkey.name}"
    added = {
        "account": actor.account,
        "passkey": passkey.name,
        "credential": base64.b64encode(credential).decode(),
        "public_key": plain_key(passkey.public_key),
        "device": "bound",
    }
    assert rooms.said("passkey.added") == [Said(actor.account, None, added, {}, None)]
    gone = {"account": actor.account, "passkey": passkey.name, "by": root.account}
    assert rooms.said("passkey.removed") == [Said(root.account, None, gone, {}, None)]


def test_the_entry_of_a_copy_says_what_it_showed_and_what_was_known(
    rooms: Rooms,
) -> None:
    actor, key = rooms.signer("ana", Role.RESEARCHER, team="alpha")
    (passkey,) = rooms.keyring.listed(actor)
    rooms.login("ana", key)
    for credential in key.credentials.values():
        credential.count = 0
    with pytest.raises(CounterError) as caught:
        rooms.login("ana", key)

    assert (caught.value.count, caught.value.passkey.id) == (1, passkey.id)
    assert caught.value.reasons == ("passkey-counter",)
    facts = {
        "account": actor.account,
        "passkey": passkey.name,
        "count": 1,
        "stored": 2,
    }
    said = Said(actor.account, None, facts, {}, None)
    assert rooms.said("passkey.suspended") == [said]


def test_those_that_count_are_given_oldest_first(rooms: Rooms) -> None:
    actor, _ = rooms.signer("ana", Role.RESEARCHER, team="alpha")
    for label in ("second", "third"):
        rooms.world.clock.pass_(seconds=1)
        rooms.passkey(actor, SoftAuthenticator(), label=label)
    (third,) = (k for k in rooms.keyring.listed(actor) if k.label == "third")
    rooms.world.clock.pass_(seconds=1)
    rooms.passkey(actor, SoftAuthenticator(), label="x" * 64)
    rooms.keyring.remove(actor, third.name)

    with rooms.world.ledger.reading() as reading:
        found = passkeys.active_passkeys(reading, actor.account)
    assert [key.label for key in found] == ["key", "second", "x" * 64]


def test_labels_are_forgotten_of_one_account_alone(rooms: Rooms) -> None:
    actor, _ = rooms.signer("ana", Role.RESEARCHER, team="alpha")
    other, _ = rooms.signer("ben", Role.RESEARCHER, team="alpha")
    (first,) = rooms.keyring.listed(actor)
    rooms.keyring.remove(actor, first.name)  # which has none any more
    rooms.passkey(actor, SoftAuthenticator(), label="blue")
    with rooms.world.ledger.transaction() as writing:
        passkeys.forget_labels(writing, actor.account)
        writing.append(event())

    found = [(k.label, k.revision) for k in rooms.keyring.listed(actor)]
    assert sorted(found) == [("", 2), ("", 2)]
    assert [k.label for k in rooms.keyring.listed(other)] == ["key"]


def test_states_are_stored_under_the_same_names_in_every_version() -> None:
    assert [*PasskeyState] == ["active", "suspended", "removed"]
