"""Somebody who left is erased, and nothing that was proven stops being so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from strongroom.access import erasure
from strongroom.access.accounts import ACCOUNTS, find_account
from strongroom.access.erasure import ACTION, erased_name, is_erased
from strongroom.access.request import ERASED_BODY, REQUESTS, Request
from strongroom.access.sessions import Actor, actor_of
from strongroom.database import tables
from strongroom.errors import ConflictError, DeniedError, MissingError
from strongroom.ledger import checks, reconcile
from strongroom.types import AccountId, AccountKind, Profile, Role, Secret
from tests.access.rooms import PASSWORD, Rooms, rooms_at
from tests.access.test_accounts import create
from tests.access.test_approvals import TWO
from tests.authenticator import SoftAuthenticator
from tests.postgresql import Server, name_of

NAME = "zoe-quartzwell"
SECRETS = (
    NAME,
    "a-laptop-in-the-tram",
    "moonlight-pruning",
    "zoes-own-machine",
    "zoes-blue-key",
)


@pytest.fixture
def admin(rooms: Rooms) -> Actor:
    return rooms.actor("root", Role.ADMINISTRATOR, team="office")


@pytest.fixture
def approver(rooms: Rooms) -> Actor:
    return rooms.actor("ines", Role.APPROVER, team="safety")


@pytest.fixture
def zoe(rooms: Rooms, admin: Actor, approver: Actor) -> str:
    """Give the id of somebody who joined, did something, and left."""
    asked = rooms.people.add(admin, NAME, team="alpha", roles=["researcher"])
    rooms.approvals.approve(approver, asked.id)
    code = rooms.people.invite(admin, NAME)
    account = rooms.people.enrol(NAME, code, PASSWORD).account
    source = "zoes-own-machine"
    with pytest.raises(DeniedError):
        rooms.sessions.login(NAME, Secret(b"a wrong one"), None, source=source)
    session, _ = rooms.sessions.login(NAME, PASSWORD, None, source=source)
    actor = actor_of(session)
    rooms.passkey(actor, SoftAuthenticator(), label="zoes-blue-key")
    rooms.proving.begin_login(NAME, PASSWORD, source=source)
    with pytest.raises(DeniedError):
        rooms.people.add_project(actor, "moonlight-pruning")
    rooms.people.change_state(admin, NAME, "left", reason="a-laptop-in-the-tram")
    rooms.account("ben", Role.RESEARCHER)  # whose text stays
    return account.id


def erased(rooms: Rooms, admin: Actor, approver: Actor, name: str = NAME) -> Request:
    """Ask for the erasure and let somebody of another team agree."""
    request = rooms.erasures.ask(admin, name)
    return rooms.approvals.approve(approver, request.id)


def texts(rooms: Rooms) -> str:
    """Return everything readable in the tables, as their administrator sees it."""
    found = []
    with rooms.world.database.reading() as connection:
        for table in sa.inspect(connection).get_table_names():
            for row in connection.execute(sa.text(f"SELECT * FROM {table}")):  # noqa: S608
                cells = [bytes(c) if isinstance(c, memoryview) else c for c in row]
                found.append(repr(cells))
    return "\n".join(found)


def findings(rooms: Rooms) -> list[object]:
    with rooms.world.ledger.reading() as reading:
        problems: list[object] = list(checks.check_all(rooms.world.ledger, reading))
        return problems + list(reconcile.reconcile(rooms.world.ledger, reading))


def entries(rooms: Rooms) -> list[dict[str, Any]]:
    with rooms.world.ledger.reading() as reading:
        found = list(rooms.world.ledger.entries(reading, 0))
    return [json.loads(entry.body) for entry in found]


def test_name_and_text_are_gone_and_every_proof_holds(
    rooms: Rooms, admin: Actor, approver: Actor, zoe: str
) -> None:
    before = [entry for entry in entries(rooms) if entry["kind"] != "x"]
    assert all(text in texts(rooms) for text in SECRETS)

    erased(rooms, admin, approver)

    left = texts(rooms)
    assert [text for text in SECRETS if text in left] == []
    assert "ben" in left
    assert findings(rooms) == []
    assert entries(rooms)[: len(before)] == before


def test_the_entry_names_what_lost_its_text(
    rooms: Rooms, admin: Actor, approver: Actor, zoe: str
) -> None:
    committed = {n for n, e in enumerate(entries(rooms)) if "private" in e}

    request = erased(rooms, admin, approver)

    (entry,) = [e for e in entries(rooms) if e["kind"] == "person.erased"]
    facts = entry["facts"]
    assert (facts["account"], facts["request"]) == (zoe, request.id)
    assert facts["count"] == len(facts["entries"]) > 3
    assert set(facts["entries"]) < committed
    with rooms.world.database.reading() as connection:
        kept = set(
            connection.execute(
                sa.select(tables.entries.c.position).join(
                    tables.private_facts,
                    tables.entries.c.id == tables.private_facts.c.entry_id,
                )
            ).scalars()
        )
    assert kept == committed - set(facts["entries"])


def test_the_account_stays_under_its_id(
    rooms: Rooms, admin: Actor, approver: Actor, zoe: str
) -> None:
    erased(rooms, admin, approver)

    with rooms.world.ledger.reading() as reading:
        account = find_account(reading, zoe)
        with pytest.raises(MissingError):
            find_account(reading, NAME)
        asked = REQUESTS.find(reading, REQUESTS.columns.body == ERASED_BODY)
    assert is_erased(account)
    assert account.name == erased_name(account.id)
    assert account.password_hash is None
    assert len(asked) == 1
    with pytest.raises(MissingError, match="was erased"):
        asked[0].payload()


def test_what_they_asked_for_loses_its_text(
    rooms: Rooms, admin: Actor, approver: Actor, zoe: str
) -> None:
    with rooms.world.ledger.transaction() as writing:
        asked = rooms.approvals.ask(
            writing,
            admin,
            find_account(writing, zoe),
            "test",
            {"why": "a-sigh-in-october"},
            terms=TWO,
        )

    erased(rooms, admin, approver)

    assert "a-sigh-in-october" not in texts(rooms)
    with rooms.world.ledger.reading() as reading:
        assert REQUESTS.get(reading, asked.id).body == ERASED_BODY


def test_the_request_that_made_somebody_elses_account_keeps_its_text(
    rooms: Rooms, admin: Actor, approver: Actor, zoe: str
) -> None:
    asked = rooms.people.add(admin, "omar", team="alpha", roles=["researcher"])
    rooms.approvals.approve(approver, asked.id)

    erased(rooms, admin, approver)

    with rooms.world.ledger.reading() as reading:
        assert REQUESTS.get(reading, asked.id).payload()["name"] == "omar"


def test_a_service_is_no_person_to_erase(rooms: Rooms, admin: Actor) -> None:
    owner = rooms.account("ana", Role.RESEARCHER)
    with rooms.world.ledger.transaction() as writing:
        create(writing, "robot", kind=AccountKind.SERVICE, owner=owner)

    with pytest.raises(ConflictError, match="robot is no person"):
        rooms.erasures.ask(admin, "robot")


def test_only_who_has_left_is_erased(
    rooms: Rooms, admin: Actor, approver: Actor
) -> None:
    rooms.account("ana", Role.RESEARCHER)

    with pytest.raises(ConflictError, match="ana is active"):
        rooms.erasures.ask(admin, "ana")
    with pytest.raises(MissingError):
        rooms.erasures.ask(admin, "nobody")
    with pytest.raises(ConflictError):
        rooms.erasures.ask(admin, "root")


def test_an_approver_of_another_team_has_to_agree(
    rooms: Rooms, admin: Actor, zoe: str
) -> None:
    colleague = rooms.actor("otto", Role.APPROVER, team="office")

    request = rooms.erasures.ask(admin, NAME)

    for actor in (admin, colleague):
        with pytest.raises(DeniedError):
            rooms.approvals.approve(actor, request.id)
    with pytest.raises(DeniedError):
        rooms.erasures.ask(rooms.actor("eve", Role.RESEARCHER), NAME)
    assert NAME in texts(rooms)


def test_an_erasure_is_not_repeated(
    rooms: Rooms, admin: Actor, approver: Actor, zoe: str
) -> None:
    second = rooms.erasures.ask(admin, NAME)
    erased(rooms, admin, approver)

    with pytest.raises(ConflictError, match="erased already"):
        rooms.erasures.ask(admin, zoe)
    with pytest.raises(ConflictError, match="erased already"):
        rooms.approvals.approve(approver, second.id)
    assert findings(rooms) == []


def test_two_people_are_erased_one_after_the_other(
    rooms: Rooms, admin: Actor, approver: Actor, zoe: str
) -> None:
    rooms.people.change_state(admin, "ben", "left", reason="moved")

    erased(rooms, admin, approver)
    erased(rooms, admin, approver, "ben")

    assert findings(rooms) == []


def test_text_that_vanishes_without_an_erasure_is_a_finding(
    rooms: Rooms, admin: Actor, approver: Actor, zoe: str
) -> None:
    """ATT&CK T1070: the database's administrator makes free text disappear."""
    erased(rooms, admin, approver)
    rooms.world.attack("DELETE FROM private_facts")

    problems = [str(finding) for finding in findings(rooms)]

    assert problems
    assert all("nobody erased them" in problem for problem in problems)


def test_in_solo_the_owner_erases_alone(rooms: Rooms) -> None:
    url = rooms.world.database.url.render_as_string(hide_password=False)
    with rooms_at(url, Profile.SOLO) as solo:
        owner = solo.actor("me", *Role)
        solo.account(NAME)
        solo.people.change_state(owner, NAME, "left")

        request = solo.erasures.ask(owner, NAME)

        assert (request.action, request.state) == (ACTION, "approved")
        assert NAME not in texts(solo)


def test_erased_bytes_are_in_no_file_of_the_database(
    rooms: Rooms,
    admin: Actor,
    approver: Actor,
    zoe: str,
    request: pytest.FixtureRequest,
) -> None:
    """On PostgreSQL its own log of changes keeps them until it is recycled."""
    files = _files(rooms, request)
    for text in SECRETS:
        assert any(text.encode() in path.read_bytes() for path in files()), text

    erased(rooms, admin, approver)
    _flush(rooms)

    for text in SECRETS:
        assert [p for p in files() if text.encode() in p.read_bytes()] == [], text
    assert any(b"ben" in path.read_bytes() for path in files())


def _files(rooms: Rooms, request: pytest.FixtureRequest) -> Any:  # noqa: ANN401
    database = rooms.world.database
    if database.is_sqlite:
        main = Path(database.url.database or "")
        return lambda: list(main.parent.glob(f"{main.name}*"))
    server: Server = request.getfixturevalue("postgresql_server")
    _flush(rooms)
    with database.reading() as connection:
        oid = connection.execute(
            sa.text("SELECT oid FROM pg_database WHERE datname = current_database()")
        ).scalar_one()
    assert name_of(str(database.url))
    folder = server.folder / "data" / "base" / str(oid)
    return lambda: [p for p in folder.iterdir() if p.is_file()]


def _flush(rooms: Rooms) -> None:
    """Have PostgreSQL write its memory to its files."""
    if not rooms.world.database.is_sqlite:
        with rooms.world.database.maintaining() as connection:
            connection.exec_driver_sql("CHECKPOINT")


def test_accounts_table_keeps_its_own_row(
    rooms: Rooms, admin: Actor, approver: Actor, zoe: str
) -> None:
    """Exposure is counted under the id, so the row must stay and verify."""
    erased(rooms, admin, approver)

    with rooms.world.ledger.reading() as reading:
        assert ACCOUNTS.get(reading, zoe).id == zoe


def test_what_was_asked_for_about_somebody_of_another_name_keeps_its_text(
    rooms: Rooms, admin: Actor, approver: Actor, zoe: str
) -> None:
    """A request that still waits, and made nobody, may be for a namesake."""
    rooms.people.change_state(admin, "ben", "left")
    waiting = rooms.people.add(admin, "ben-2", team="alpha")

    erased(rooms, admin, approver, "ben")

    with rooms.world.ledger.reading() as reading:
        bodies = [row.body for row in REQUESTS.find(reading)]
        assert REQUESTS.get(reading, waiting.id).payload()["name"] == "ben-2"
    assert bodies.count(ERASED_BODY) == 0


def test_the_name_that_is_left_is_a_part_of_the_id(
    rooms: Rooms, admin: Actor, approver: Actor, zoe: str
) -> None:
    erased(rooms, admin, approver)

    assert erased_name(AccountId("account-abcdefghijklmnop")) == "erased-abcdefghijkl"
    with rooms.world.ledger.reading() as reading:
        account = find_account(reading, zoe)
    assert account.name == f"erased-{zoe.removeprefix('account-')[:12]}"
    assert (account.enrolment_hash, account.enrolment_until) == (None, None)


def test_a_refusal_names_what_was_wanted(rooms: Rooms, zoe: str) -> None:
    eve = rooms.actor("eve", Role.RESEARCHER)
    before = rooms.refusals()

    with pytest.raises(DeniedError):
        rooms.erasures.ask(eve, zoe)
    assert rooms.refusals() == [*before, ("person:erase", zoe)]


def test_the_entry_names_who_asked_for_it(
    rooms: Rooms, admin: Actor, approver: Actor, zoe: str
) -> None:
    erased(rooms, admin, approver)

    (said,) = rooms.said("person.erased")
    assert (said.actor, said.private) == (admin.account, {})


def test_every_table_that_had_their_text_is_scrubbed() -> None:
    assert set(erasure._TABLES) == {
        *("private_facts", "accounts", "requests", "passkeys", "challenges")
    }
