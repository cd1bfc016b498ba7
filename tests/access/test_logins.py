"""A login says nothing about what was wrong, and ends when it should."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from strongroom.access import accounts, passwords, tokens, totp
from strongroom.access.logins import Sessions, locked, plain
from strongroom.access.sessions import SESSION_TTL, SESSIONS, Actor, Session
from strongroom.database import tables
from strongroom.errors import DeniedError, IntegrityError
from strongroom.ledger.log import Entry
from strongroom.types import Factor, Role, Secret
from tests.access.rooms import PASSWORD, Rooms, Said
from tests.access.test_accounts import create
from tests.ledger.world import KEYS

WRONG = "the name, the password or the code is wrong"


def login(
    rooms: Rooms, name: str = "ana", code: str | None = None
) -> tuple[Session, Secret]:
    return rooms.sessions.login(name, PASSWORD, code, source="here")


def with_factor(rooms: Rooms) -> tuple[Secret, list[str]]:
    """Give Ana an account and a second factor."""
    actor = rooms.actor("ana", Role.RESEARCHER)
    enrolment = rooms.people.begin_factor(actor)
    codes = rooms.enrolled(actor, "ana", enrolment.secret)
    rooms.world.clock.pass_(seconds=60)
    return enrolment.secret, codes


def last(rooms: Rooms) -> Entry:
    with rooms.world.ledger.reading() as reading:
        return list(rooms.world.ledger.entries(reading, 0))[-1]


def test_a_password_opens_a_session_without_a_second_factor(rooms: Rooms) -> None:
    account = rooms.account("ana")
    session, token = login(rooms)

    assert rooms.sessions.actor(token) == Actor(
        account=account.id, session=session.id, factor=Factor.PASSWORD, factor_at=None
    )
    assert b"session.opened" in last(rooms).body


def test_a_code_is_needed_once_there_is_a_factor(rooms: Rooms) -> None:
    secret, _ = with_factor(rooms)
    with pytest.raises(DeniedError, match=WRONG):
        login(rooms)

    session, _ = login(rooms, code=totp.code_at(secret, rooms.world.clock()))

    assert session.factor is Factor.TOTP
    assert session.factor_at == rooms.world.clock()


def test_a_code_works_once(rooms: Rooms) -> None:
    secret, codes = with_factor(rooms)
    for code in (totp.code_at(secret, rooms.world.clock()), codes[0]):
        login(rooms, code=code)
        with pytest.raises(DeniedError, match=WRONG):
            login(rooms, code=code)
    assert login(rooms, code=codes[1])[0].factor is Factor.RECOVERY_CODE


def test_whatever_is_wrong_looks_the_same(rooms: Rooms) -> None:
    secret, _ = with_factor(rooms)
    rooms.account("bob")
    with rooms.world.ledger.transaction() as writing:
        bob = accounts.find_account(writing, "bob")
        accounts.change_state(
            writing, bob, accounts.AccountState.SUSPENDED, by=None, reason=""
        )
        create(writing, "eve")  # invited, so without a password
    code = totp.code_at(secret, rooms.world.clock())
    tries = [
        ("nobody", PASSWORD, None),
        ("ana", Secret(b"another password"), code),
        ("ana", Secret(b"\xff"), code),
        ("ana", Secret(b"a" * 5000), code),
        ("ana", PASSWORD, "000000"),
        ("ana", PASSWORD, "abcd-efgh-ijkl-mnop"),
        ("ana", PASSWORD, "x" * 10_000),
        ("bob", PASSWORD, None),
        ("eve", PASSWORD, None),
        ("", PASSWORD, None),
        ("a\x00b", PASSWORD, None),
        ("a\ud800b", PASSWORD, None),
        ("a" * 100_000, PASSWORD, None),
    ]
    said = set()
    for number, (name, password, given) in enumerate(tries):
        with pytest.raises(DeniedError) as caught:
            rooms.sessions.login(name, password, given, source=f"from {number}")
        rooms.world.clock.pass_(seconds=120)
        said.add((str(caught.value), caught.value.hint, caught.value.reasons))
        assert b"session.refused" in last(rooms).body

    assert len(said) == 1
    why = {facts["why"] for facts in rooms.facts("session.refused")}
    assert why == {"wrong name, password or code"}


def test_a_refused_login_does_not_show_the_name_in_the_clear(rooms: Rooms) -> None:
    with pytest.raises(DeniedError):
        login(rooms, "my-password-by-mistake")

    assert b"my-password" not in last(rooms).body


def test_the_database_has_no_token(rooms: Rooms) -> None:
    rooms.account("ana")
    _, token = login(rooms)
    with rooms.world.database.reading() as connection:
        row = connection.execute(sa.select(tables.sessions)).one()

    assert token.reveal() not in repr(row).encode()
    assert row.token_hash != token.reveal()


@pytest.mark.parametrize(
    "form", [b"", b"=", b"!", b"a" * 44, b"\xff\xfe", b"A" * 1_000_000]
)
def test_a_token_of_another_form_is_nobodys(rooms: Rooms, form: bytes) -> None:
    rooms.account("ana")
    _, token = login(rooms)
    for text in (form, token.reveal() + form[:9] + b" ", token.reveal()[:-4]):
        with pytest.raises(DeniedError, match="nobody is logged in"):
            rooms.sessions.actor(Secret(text))


def test_a_session_ends_by_itself(rooms: Rooms) -> None:
    rooms.account("ana")
    _, token = login(rooms)
    rooms.world.clock.pass_(seconds=SESSION_TTL.total_seconds() - 1)
    rooms.sessions.actor(token)
    rooms.world.clock.pass_(seconds=1)

    with pytest.raises(DeniedError, match="has ended"):
        rooms.sessions.actor(token)


def test_a_session_ends_at_logout_and_once(rooms: Rooms) -> None:
    rooms.account("ana")
    _, token = login(rooms)
    actor = rooms.sessions.actor(token)
    rooms.sessions.close(actor, why="logout")
    assert b"session.closed" in last(rooms).body
    size = rooms.world.size()
    rooms.sessions.close(actor, why="logout")

    assert rooms.world.size() == size
    with pytest.raises(DeniedError, match="has ended"):
        rooms.sessions.actor(token)


@pytest.mark.parametrize("state", ["suspended", "left"])
def test_a_session_dies_with_its_account(rooms: Rooms, state: str) -> None:
    admin = rooms.actor("root", Role.ADMINISTRATOR, team="office")
    rooms.account("ana")
    _, token = login(rooms)
    rooms.people.change_state(admin, "ana", state)

    with pytest.raises(DeniedError, match="has ended"):
        rooms.sessions.actor(token)
    if state == "suspended":
        rooms.people.change_state(admin, "ana", "active")
        with pytest.raises(DeniedError, match="has ended"):
            rooms.sessions.actor(token)


def test_one_code_opens_one_session_however_many_try(rooms: Rooms) -> None:
    secret, _ = with_factor(rooms)
    code = totp.code_at(secret, rooms.world.clock())
    opened: list[object] = []

    def attempt() -> None:
        try:
            opened.append(login(rooms, code=code))
        except DeniedError:
            return

    threads = [threading.Thread(target=attempt) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(opened) == 1


def test_a_session_that_was_extended_in_the_database_is_refused(rooms: Rooms) -> None:
    rooms.account("ana")
    _, token = login(rooms)
    later = rooms.world.clock() + timedelta(days=9)
    rooms.world.attack(sa.update(tables.sessions).values(expires_at=later))

    with pytest.raises(IntegrityError):
        rooms.sessions.actor(token)
    with pytest.raises(IntegrityError), rooms.world.ledger.reading() as reading:
        SESSIONS.find(reading)


def test_a_token_has_256_random_bits() -> None:
    asked: list[int] = []

    def random(count: int) -> bytes:
        asked.append(count)
        return bytes(count)

    assert tokens.new_token(random).reveal()
    assert asked == [32]


def test_the_entries_say_who_came_from_where_and_who_left(rooms: Rooms) -> None:
    account = rooms.account("ana")
    session, token = login(rooms)
    rooms.sessions.close(rooms.sessions.actor(token), why="logout")

    assert session.revision == 1
    opened = {
        "session": session.id,
        "factor": "password",
        "expires": "2026-11-22T18:00:00.000000Z",
    }
    here = {"source": "here"}
    assert rooms.said("session.opened") == [
        Said(account.id, session.id, opened, here, account.id)
    ]
    closed = {"session": session.id, "why": "logout"}
    assert rooms.said("session.closed") == [
        Said(account.id, session.id, closed, {}, None)
    ]


def test_the_entry_of_a_refused_login_is_about_whoever_has_the_name(
    rooms: Rooms,
) -> None:
    account = rooms.account("ana")
    for name in ("ana", "nobody"):
        with pytest.raises(DeniedError):
            rooms.sessions.login(name, Secret(b"something else"), None, source="there")

    why = "wrong name, password or code"
    assert rooms.said("session.refused") == [
        Said(
            None,
            None,
            {"account": who, "why": why},
            {"name": name, "source": "there"},
            who or "",
        )
        for name, who in (("ana", account.id), ("nobody", None))
    ]


def test_a_session_of_the_passphrase_alone_is_not_closed(rooms: Rooms) -> None:
    actor = Actor(account=rooms.account("ana").id)
    size = rooms.world.size()
    rooms.sessions.close(actor, why="logout")

    assert rooms.world.size() == size


def test_a_success_forgets_the_mistakes_before_it(rooms: Rooms) -> None:
    rooms.account("ana")
    for _ in range(3):
        for _ in range(3):
            with pytest.raises(DeniedError, match=WRONG):
                rooms.sessions.login("ana", Secret(b"a mistake"), None, source="here")
        login(rooms)


def test_a_hash_of_another_cost_is_renewed_at_a_login(rooms: Rooms) -> None:
    rooms.account("ana")
    dearer = passwords.Cost(memory_kib=19 * 1024, passes=2, lanes=1)
    gate = replace(rooms.gate, password_cost=dearer)
    Sessions(gate, totp_key=KEYS.totp, random=rooms.random).login(
        "ana", PASSWORD, None, source="here"
    )

    with rooms.world.ledger.reading() as reading:
        account = accounts.find_account(reading, "ana")
    assert (account.password_hash or "").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert account.revision == 3
    login(rooms)


def test_an_account_that_changed_while_its_password_was_checked_is_refused(
    rooms: Rooms,
) -> None:
    known = rooms.account("ana")
    rooms.suspend("ana")
    with (
        pytest.raises(DeniedError, match="changed meanwhile"),
        rooms.world.ledger.transaction() as writing,
    ):
        locked(writing, known, None)


def test_what_was_typed_is_text_that_a_database_can_look_for() -> None:
    assert plain("a\x00b\ud800") == "a?b?"
