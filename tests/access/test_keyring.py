"""Passkeys are registered by whoever proved to be their owner, and given up at once."""

from __future__ import annotations

import pytest

from strongroom.access.sessions import Actor
from strongroom.errors import ConflictError, DeniedError, InputError, MissingError
from strongroom.types import Factor, Role
from tests.access.rooms import Rooms
from tests.authenticator import SoftAuthenticator

Ana = tuple[Actor, SoftAuthenticator]


@pytest.fixture
def ana(rooms: Rooms) -> Ana:
    return rooms.signer("ana", Role.RESEARCHER, team="alpha")


def test_a_second_passkey_needs_the_first_one_lately(rooms: Rooms, ana: Ana) -> None:
    """A stolen session must not get a passkey of its own."""
    actor, _ = ana
    rooms.passkey(actor, SoftAuthenticator(), label="spare")
    rooms.world.clock.pass_(hours=1)

    with pytest.raises(DeniedError, match="former one"):
        rooms.keyring.begin_add(actor)
    assert [k.label for k in rooms.keyring.listed(actor)].count("spare") == 1


def test_a_passkey_counts_as_a_former_factor_for_a_phone_too(
    rooms: Rooms, ana: Ana
) -> None:
    actor, _ = ana
    rooms.world.clock.pass_(hours=1)

    with pytest.raises(DeniedError, match="former one"):
        rooms.people.begin_factor(actor)


def test_the_answer_registers_one_passkey(rooms: Rooms, ana: Ana) -> None:
    actor, key = ana
    asked = rooms.keyring.begin_add(actor)
    answer = key.create(asked.options)
    rooms.keyring.add(actor, asked.challenge, answer, label="spare")

    with pytest.raises(DeniedError, match="no question that is open"):
        rooms.keyring.add(actor, asked.challenge, answer, label="spare")


def test_nobody_registers_with_somebody_elses_question(rooms: Rooms, ana: Ana) -> None:
    actor, key = ana
    eve = rooms.session(rooms.account("eve"), Factor.PASSWORD)
    asked = rooms.keyring.begin_add(actor)

    with pytest.raises(DeniedError, match="no question that is open"):
        rooms.keyring.add(eve, asked.challenge, key.create(asked.options), label="x")


def test_a_credential_is_somebodys_once(rooms: Rooms, ana: Ana) -> None:
    actor, key = ana
    eve = rooms.session(rooms.account("eve"), Factor.PASSWORD)
    asked = rooms.keyring.begin_add(eve)
    answer = key.create(asked.options)
    rooms.keyring.add(eve, asked.challenge, answer, label="x")
    again = rooms.keyring.begin_add(actor)
    (newest,) = set(key.credentials) - {rooms.keyring.listed(actor)[0].credential}
    copied = SoftAuthenticator(imitated=newest)

    with pytest.raises(ConflictError, match="registered already"):
        rooms.keyring.add(
            actor, again.challenge, copied.create(again.options), label="x"
        )


@pytest.mark.parametrize("label", ["", "x" * 65, "a\nb", "\x00", "\u202e"])
def test_a_label_is_short_and_printable(rooms: Rooms, ana: Ana, label: str) -> None:
    actor, key = ana
    asked = rooms.keyring.begin_add(actor)

    with pytest.raises(InputError, match="label"):
        rooms.keyring.add(
            actor, asked.challenge, key.create(asked.options), label=label
        )


def test_removing_is_for_oneself_and_for_those_who_look_after_people(
    rooms: Rooms, ana: Ana
) -> None:
    actor, key = ana
    (passkey,) = rooms.keyring.listed(actor)
    other = rooms.actor("eve", Role.RESEARCHER)
    analyst = rooms.actor("dee", Role.ANALYST)

    with pytest.raises(MissingError):
        rooms.keyring.remove(other, passkey.name)
    with pytest.raises(DeniedError, match="somebody else's"):
        rooms.keyring.listed(other, "ana")
    assert rooms.keyring.listed(analyst, "ana") == [passkey]
    removed = rooms.keyring.remove(analyst, passkey.name)

    assert (removed.state, removed.label) == ("removed", "")
    with pytest.raises(DeniedError):
        rooms.login("ana", key)


def test_who_looks_after_people_is_told_of_a_copy_and_nobody_else(
    rooms: Rooms, ana: Ana
) -> None:
    actor, key = ana
    for credential in key.credentials.values():
        credential.count = 0
    with pytest.raises(DeniedError, match="suspended"):
        rooms.login("ana", key)
    analyst = rooms.actor("dee", Role.ANALYST)

    ((account, passkey),) = rooms.keyring.suspended(analyst)
    assert (account.name, passkey.state) == ("ana", "suspended")
    assert rooms.keyring.suspended(actor) == []
