"""Passkeys are registered by whoever proved to be their owner, and given up at once."""

from __future__ import annotations

import json

import pytest

from strongroom.access.sessions import Actor
from strongroom.errors import ConflictError, DeniedError, InputError, MissingError
from strongroom.types import Factor, Role
from tests.access.rooms import Rooms
from tests.authenticator import SoftAuthenticator, bytes_of

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


def test_a_question_for_a_new_passkey_names_those_that_are_known(
    rooms: Rooms, ana: Ana
) -> None:
    actor, key = ana
    (known,) = key.credentials
    asked = json.loads(rooms.keyring.begin_add(actor).options)

    assert [bytes_of(one["id"]) for one in asked["excludeCredentials"]] == [known]
    assert asked["user"]["name"] == "ana"
    said = rooms.said("passkey.challenged")[-1]
    assert (said.session, said.facts["ceremony"]) == (actor.session, "add")


def test_a_session_that_ended_adds_nothing(rooms: Rooms, ana: Ana) -> None:
    actor, key = ana
    asked = rooms.keyring.begin_add(actor)
    rooms.sessions.close(actor, why="logout")

    with pytest.raises(DeniedError, match="has ended"):
        rooms.keyring.begin_add(actor)
    with pytest.raises(DeniedError, match="has ended"):
        rooms.keyring.add(actor, asked.challenge, key.create(asked.options), label="x")
    with pytest.raises(DeniedError, match="has ended"):
        rooms.keyring.listed(actor)


def test_an_answer_that_comes_late_adds_nothing_without_a_fresh_factor(
    rooms: Rooms, ana: Ana
) -> None:
    """A session is stolen between the question and the answer."""
    actor, key = ana
    rooms.world.clock.pass_(minutes=14)
    asked = rooms.keyring.begin_add(actor)
    rooms.world.clock.pass_(minutes=2)

    with pytest.raises(DeniedError, match="former one"):
        rooms.keyring.add(actor, asked.challenge, key.create(asked.options), label="x")


@pytest.mark.parametrize("role", Role)
def test_roles_that_look_after_people_see_and_remove_others(
    rooms: Rooms, ana: Ana, role: Role
) -> None:
    (passkey,) = rooms.keyring.listed(ana[0])
    other = rooms.actor("eve", role)

    if role in (Role.ADMINISTRATOR, Role.ANALYST, Role.AUDITOR):
        assert rooms.keyring.listed(other, "ana") == [passkey]
        assert rooms.keyring.suspended(other) == []
    else:
        with pytest.raises(DeniedError, match="somebody else's"):
            rooms.keyring.listed(other, "ana")
    if role in (Role.ADMINISTRATOR, Role.ANALYST):
        assert rooms.keyring.remove(other, passkey.name).state == "removed"
        (said,) = rooms.said("passkey.removed")
        assert (said.actor, said.facts["by"]) == (other.account, other.account)
    else:
        with pytest.raises(MissingError, match="you have no passkey"):
            rooms.keyring.remove(other, passkey.name)
    assert rooms.keyring.listed(other, "eve") == rooms.keyring.listed(other) == []


def test_a_passkey_is_named_whole(rooms: Rooms, ana: Ana) -> None:
    actor, _ = ana
    (passkey,) = rooms.keyring.listed(actor)
    for name in ("", "%", passkey.name[3:], "x" * 99):
        with pytest.raises(MissingError):
            rooms.keyring.remove(actor, name)

    assert rooms.keyring.remove(actor, passkey.name).state == "removed"
