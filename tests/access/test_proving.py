"""Logging in with a passkey, and proving it again: once, soon, one's own."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from strongroom.access.attempts import FREE_FAILURES
from strongroom.access.challenges import CHALLENGE_TTL
from strongroom.access.passkeys import CounterError
from strongroom.access.sessions import Actor
from strongroom.errors import DeniedError, InputError, SetupError
from strongroom.types import Factor, Profile, Role, Secret
from tests.access.rooms import PASSWORD, Rooms, Said, grown, rooms_at
from tests.authenticator import SoftAuthenticator, bytes_of
from tests.conftest import Databases


@pytest.fixture
def ana(rooms: Rooms) -> tuple[Actor, SoftAuthenticator]:
    return rooms.signer("ana", Role.RESEARCHER, team="alpha")


Ana = tuple[Actor, SoftAuthenticator]


@pytest.fixture
def hardened(new_database: Databases) -> Iterator[Rooms]:
    with rooms_at(new_database(), Profile.HARDENED) as rooms:
        yield rooms


def refused(rooms: Rooms) -> list[object]:
    return [f["why"] for f in rooms.facts("session.refused")]


def test_a_passkey_is_a_second_factor_of_now(rooms: Rooms, ana: Ana) -> None:
    actor, key = ana
    rooms.world.clock.pass_(seconds=5)
    again = rooms.login("ana", key)

    assert (actor.factor, again.factor) == (Factor.PASSKEY, Factor.PASSKEY)
    assert again.factor_at == rooms.world.clock()
    assert again.session != actor.session


def test_whoever_has_a_passkey_does_not_get_in_with_the_password(
    rooms: Rooms, ana: Ana
) -> None:
    assert ana
    with pytest.raises(DeniedError) as caught:
        rooms.sessions.login("ana", PASSWORD, None, source="here")

    assert "--passkey" in caught.value.hint


def test_who_has_none_is_told_no_more_than_with_a_wrong_password(rooms: Rooms) -> None:
    rooms.account("ben")
    said = []
    for name, password in (
        ("ben", PASSWORD),
        ("ben", Secret(b"something else")),
        ("nobody", PASSWORD),
    ):
        with pytest.raises(DeniedError) as caught:
            rooms.proving.begin_login(name, password, source="here")
        said.append(str(caught.value))

    assert len(set(said)) == 1
    assert len(refused(rooms)) == 3


def test_guessing_the_password_before_a_passkey_takes_time_as_well(
    rooms: Rooms, ana: Ana
) -> None:
    assert ana
    for _ in range(FREE_FAILURES + 1):
        with pytest.raises(DeniedError):
            rooms.proving.begin_login("ana", Secret(b"something else"), source="here")

    with pytest.raises(DeniedError, match="too many attempts failed lately"):
        rooms.proving.begin_login("ana", PASSWORD, source="here")


def test_an_answer_opens_one_session(rooms: Rooms, ana: Ana) -> None:
    _, key = ana
    asked = rooms.proving.begin_login("ana", PASSWORD, source="here")
    answer = key.get(asked.options)
    rooms.proving.login(asked.challenge, answer)

    with pytest.raises(DeniedError, match="no question that is open"):
        rooms.proving.login(asked.challenge, answer)
    assert refused(rooms) == ["a passkey did not verify"]


def test_an_answer_that_takes_too_long_opens_nothing(rooms: Rooms, ana: Ana) -> None:
    _, key = ana
    asked = rooms.proving.begin_login("ana", PASSWORD, source="here")
    rooms.world.clock.pass_(seconds=CHALLENGE_TTL.total_seconds())

    with pytest.raises(DeniedError, match="no question that is open"):
        rooms.proving.login(asked.challenge, key.get(asked.options))


@pytest.mark.parametrize("challenge", ["", "challenge-x", "x" * 10_000, "%", "\x00"])
def test_a_challenge_that_nobody_asked_is_answered_by_nobody(
    rooms: Rooms, ana: Ana, challenge: str
) -> None:
    _, key = ana
    asked = rooms.proving.begin_login("ana", PASSWORD, source="here")

    with pytest.raises(DeniedError, match="no question that is open"):
        rooms.proving.login(challenge, key.get(asked.options))


def test_what_is_no_answer_is_refused(rooms: Rooms, ana: Ana) -> None:
    assert ana
    asked = rooms.proving.begin_login("ana", PASSWORD, source="here")

    with pytest.raises(InputError):
        rooms.proving.login(asked.challenge, "{}")


def test_a_counter_that_stands_still_suspends_the_passkey(
    rooms: Rooms, ana: Ana
) -> None:
    actor, key = ana
    (credential,) = key.credentials.values()
    credential.count -= 1

    with pytest.raises(CounterError):
        rooms.login("ana", key)

    (said,) = rooms.facts("passkey.suspended")
    assert (said["stored"], said["count"]) == (1, 1)
    assert [k.state for k in rooms.keyring.listed(actor)] == ["suspended"]
    with pytest.raises(DeniedError):
        rooms.login("ana", key)


def test_an_authenticator_without_a_counter_is_taken(rooms: Rooms) -> None:
    actor, key = rooms.actor("ben"), SoftAuthenticator(counts=False)
    rooms.passkey(actor, key)

    assert rooms.login("ben", key).session != rooms.login("ben", key).session


def test_a_session_is_fresh_again_after_proving_it(rooms: Rooms, ana: Ana) -> None:
    actor, key = ana
    rooms.world.clock.pass_(hours=1)
    asked = rooms.proving.begin_step_up(actor)
    fresh = rooms.proving.step_up(actor, asked.challenge, key.get(asked.options))

    assert fresh.session == actor.session
    assert fresh.factor_at == rooms.world.clock()
    with pytest.raises(DeniedError, match="not what it was"):
        rooms.proving.begin_step_up(actor)


def test_a_session_is_not_proved_with_the_answer_to_a_login(
    rooms: Rooms, ana: Ana
) -> None:
    actor, key = ana
    asked = rooms.proving.begin_login("ana", PASSWORD, source="here")

    with pytest.raises(DeniedError, match="no question that is open"):
        rooms.proving.step_up(actor, asked.challenge, key.get(asked.options))


def test_who_has_no_passkey_cannot_prove_one(rooms: Rooms) -> None:
    with pytest.raises(DeniedError, match="no passkey"):
        rooms.proving.begin_step_up(rooms.actor("ben"))


def test_a_room_that_says_no_place_has_no_passkeys(rooms: Rooms) -> None:
    bare = type(rooms.gate)(
        ledger=rooms.gate.ledger, policy=rooms.gate.policy, terms=rooms.gate.terms
    )
    proving = type(rooms.proving)(bare, rooms.sessions, random=bytes)

    with pytest.raises(SetupError, match="passkeys"):
        proving.begin_login("ana", PASSWORD, source="here")


def test_hardened_takes_no_code_and_says_which_rule(rooms: Rooms) -> None:
    """Ben had his phone before the room became hardened."""
    ben = rooms.session(rooms.account("ben"), Factor.PASSWORD)
    secret = rooms.people.begin_factor(ben).secret
    rooms.enrolled(ben, "ben", secret)
    rooms.world.clock.pass_(seconds=60)
    hardened = grown(rooms, Profile.HARDENED)

    with pytest.raises(DeniedError) as caught:
        hardened.sessions.login("ben", PASSWORD, rooms.code(secret), source="here")

    assert caught.value.reasons == ("phishing-resistant-only",)
    assert refused(rooms) == ["phishing-resistant-only"]


def test_hardened_begins_no_factor_with_which_nobody_could_log_in(
    hardened: Rooms,
) -> None:
    actor, _ = hardened.signer("ben", Role.RESEARCHER, team="alpha")

    with pytest.raises(DeniedError) as caught:
        hardened.people.begin_factor(actor)

    assert caught.value.reasons == ("phishing-resistant-only",)


def test_hardened_lets_a_new_person_in_to_register_a_passkey(hardened: Rooms) -> None:
    actor, _ = hardened.signer("ben", Role.RESEARCHER, team="alpha")

    assert actor.factor is Factor.PASSKEY


def test_entries_say_who_was_asked_for_what_and_what_they_proved(
    rooms: Rooms, ana: Ana
) -> None:
    actor, key = ana
    before = len(rooms.said("passkey.challenged"))
    rooms.login("ana", key)
    asked = rooms.proving.begin_step_up(actor)
    rooms.proving.step_up(actor, asked.challenge, key.get(asked.options))

    challenged = rooms.said("passkey.challenged")[before:]
    assert [(said.session, said.facts["ceremony"]) for said in challenged] == [
        (None, "login"),
        (actor.session, "step-up"),
    ]
    opened = rooms.said("session.opened")[-1]
    assert (opened.facts["factor"], opened.private) == ("passkey", {"source": "here"})
    facts = {"session": actor.session, "factor": "passkey"}
    said = Said(actor.account, actor.session, facts, {}, None)
    assert rooms.said("session.proved") == [said]


def test_the_entry_of_a_refused_answer_is_about_whoever_was_asked(
    rooms: Rooms, ana: Ana
) -> None:
    actor, key = ana
    asked = rooms.proving.begin_login("ana", PASSWORD, source="here")
    proved = rooms.proving.begin_step_up(actor)
    for challenge in (asked.challenge, proved.challenge, "challenge-x"):
        answer = SoftAuthenticator(credentials=key.credentials, verifies=False)
        with pytest.raises(DeniedError):
            rooms.proving.login(challenge, answer.get(asked.options))

    why = "a passkey did not verify"
    facts = {"account": actor.account, "why": why}
    assert rooms.said("session.refused") == [
        Said(None, None, facts, {"source": "here"}, actor.account),
        Said(None, None, facts, {}, None),
        Said(None, None, {"account": None, "why": why}, {}, None),
    ]


def test_an_actor_without_a_session_proves_nothing(rooms: Rooms, ana: Ana) -> None:
    actor, key = ana
    asked = rooms.proving.begin_step_up(actor)
    owner = Actor(account=actor.account)

    with pytest.raises(DeniedError, match="there is no session"):
        rooms.proving.step_up(owner, asked.challenge, key.get(asked.options))


def test_a_session_that_ended_proves_nothing(rooms: Rooms, ana: Ana) -> None:
    actor, key = ana
    asked = rooms.proving.begin_step_up(actor)
    rooms.sessions.close(actor, why="logout")

    with pytest.raises(DeniedError, match="the session has ended"):
        rooms.proving.step_up(actor, asked.challenge, key.get(asked.options))
    with pytest.raises(DeniedError, match="the session has ended"):
        rooms.proving.begin_step_up(actor)


def test_nobody_proves_with_the_question_of_somebody_else(
    rooms: Rooms, ana: Ana
) -> None:
    actor, _ = ana
    eve, eves = rooms.signer("eve", Role.RESEARCHER, team="alpha")
    asked = rooms.proving.begin_step_up(actor)
    (credential,) = eves.credentials.values()
    answer = eves.sign(
        credential, challenge=eves.challenge_of(asked.options), domain="rooms.example"
    )

    with pytest.raises(DeniedError, match="no question that is open"):
        rooms.proving.step_up(eve, asked.challenge, answer)


def test_a_login_by_passkey_forgets_the_mistakes_before_it(
    rooms: Rooms, ana: Ana
) -> None:
    _, key = ana
    for _ in range(3):
        for _ in range(3):
            with pytest.raises(DeniedError, match="the password or the code is wrong"):
                rooms.proving.begin_login("ana", Secret(b"a mistake"), source="here")
        asked = rooms.proving.begin_login("ana", PASSWORD, source="here")
        rooms.proving.login(asked.challenge, key.get(asked.options))


def test_a_passkey_is_asked_for_by_every_name_that_it_has(
    rooms: Rooms, ana: Ana
) -> None:
    actor, key = ana
    rooms.passkey(actor, key, label="second")
    asked = json.loads(rooms.proving.begin_step_up(actor).options)

    names = {bytes_of(one["id"]) for one in asked["allowCredentials"]}
    assert names == set(key.credentials)
