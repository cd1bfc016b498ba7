"""Accounts go from invited to left, one way, under names that are theirs."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from strongroom.access import accounts, enrolment
from strongroom.access.accounts import Account, AccountState
from strongroom.access.enrolment import ENROLMENT_TTL
from strongroom.access.teams import checked_name, ensure_team
from strongroom.errors import ConflictError, DeniedError, InputError, MissingError
from strongroom.ledger.log import Writing
from strongroom.types import AccountKind, RequestId, Role, Secret
from tests.access.rooms import PASSWORD, QUICK, Rooms, Said

STATES = list(AccountState)
ALLOWED = {
    ("invited", "left"),
    ("active", "suspended"),
    ("active", "left"),
    ("suspended", "active"),
    ("suspended", "left"),
}


def create(
    writing: Writing,
    name: str = "ana",
    *,
    kind: AccountKind = AccountKind.PERSON,
    owner: Account | None = None,
) -> Account:
    return accounts.create_account(
        writing,
        name=name,
        kind=kind,
        team=ensure_team(writing, "alpha", by=None, random=os.urandom),
        owner=owner,
        roles=(Role.RESEARCHER,),
        request=None,
        by=None,
        random=os.urandom,
    )


def invited(rooms: Rooms) -> Secret:
    with rooms.world.ledger.transaction() as writing:
        _, code = enrolment.invite(writing, create(writing), by=None, random=os.urandom)
    return code


def move(rooms: Rooms, state: AccountState) -> None:
    with rooms.world.ledger.transaction() as writing:
        account = accounts.find_account(writing, "ana")
        accounts.change_state(writing, account, state, by=None)


def enrol(rooms: Rooms) -> None:
    """Become active the only way there is."""
    with rooms.world.ledger.transaction() as writing:
        account = accounts.find_account(writing, "ana")
        enrolment.activate(writing, account, PASSWORD, cost=QUICK)


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_states_follow_each_other_one_way(
    rooms: Rooms, before: AccountState, after: AccountState
) -> None:
    with rooms.world.ledger.transaction() as writing:
        assert create(writing).revision == 1
    ways = {
        "invited": [],
        "active": [],
        "suspended": ["suspended"],
        "left": ["left"],
    }
    if before in ("active", "suspended"):
        enrol(rooms)
    for state in ways[before]:
        move(rooms, AccountState(state))

    if (before, after) in ALLOWED:
        move(rooms, after)
        return
    now = "has left" if before == "left" else f"is {before}"
    with pytest.raises(ConflictError, match=f"ana {now} and cannot be {after}"):
        move(rooms, after)


def test_an_invitation_works_once(rooms: Rooms) -> None:
    code = invited(rooms)
    enrolment_ = rooms.people.enrol("ana", code, PASSWORD)

    assert enrolment_.account.state is AccountState.ACTIVE
    with pytest.raises(DeniedError, match="wrong, used, or too old"):
        rooms.people.enrol("ana", code, PASSWORD)


def test_an_invitation_ends(rooms: Rooms) -> None:
    code = invited(rooms)
    rooms.world.clock.pass_(seconds=ENROLMENT_TTL.total_seconds() + 1)

    with pytest.raises(DeniedError, match="too old"):
        rooms.people.enrol("ana", code, PASSWORD)


def test_who_left_before_enrolling_cannot_enrol(rooms: Rooms) -> None:
    """The invitation once brought an account back from left."""
    code = invited(rooms)
    move(rooms, AccountState.LEFT)

    with pytest.raises(DeniedError, match="wrong, used, or too old"):
        rooms.people.enrol("ana", code, PASSWORD)


@pytest.mark.parametrize("code", [b"", b"0" * 20, b"\xff"])
def test_a_wrong_invitation_is_refused(rooms: Rooms, code: bytes) -> None:
    invited(rooms)

    with pytest.raises(DeniedError):
        rooms.people.enrol("ana", Secret(code), PASSWORD)


def test_a_name_is_taken_once_and_found_by_name_and_id(rooms: Rooms) -> None:
    ana = rooms.account("ana")
    with rooms.world.ledger.reading() as reading:
        assert accounts.find_account(reading, "ana") == ana
        assert accounts.find_account(reading, ana.id) == ana
        with pytest.raises(MissingError):
            accounts.find_account(reading, "bob")
    with pytest.raises(ConflictError, match="is taken"):
        rooms.account("ana")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a" * 65,
        "Ana",
        "\u0430na",
        "a b",
        "../a",
        "a..b",
        ".a",
        "-a",
        "a\n",
        "a\x00",
        f"account-{'a' * 26}",
    ],
)
def test_a_name_that_could_be_mistaken_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="is no name"):
        checked_name(name, what="an account")


def test_services_have_an_owner_and_people_have_none(rooms: Rooms) -> None:
    ana = rooms.account("ana")
    with rooms.world.ledger.transaction() as writing:
        robot = create(writing, "robot", kind=AccountKind.SERVICE, owner=ana)
        assert (robot.counts_as, ana.counts_as) == (ana.id, ana.id)
        misfits = [
            (AccountKind.PERSON, ana),
            (AccountKind.AGENT, None),
            (AccountKind.AGENT, robot),
        ]
        for kind, owner in misfits:
            with pytest.raises(InputError):
                create(writing, "other", kind=kind, owner=owner)


def test_a_stolen_session_gets_no_factor_of_its_own(rooms: Rooms) -> None:
    """Somebody with an old session once could replace the second factor."""
    actor = rooms.actor("ana", Role.RESEARCHER)
    rooms.enrolled(actor, "ana", rooms.people.begin_factor(actor).secret)
    rooms.people.begin_factor(actor)  # proved just now
    rooms.world.clock.pass_(hours=1)

    with pytest.raises(DeniedError, match="the former one"):
        rooms.people.begin_factor(actor)


@pytest.mark.parametrize("roles", [["king"], [""]])
def test_a_role_that_is_none_is_refused(rooms: Rooms, roles: list[str]) -> None:
    admin = rooms.actor("root", Role.ADMINISTRATOR, team="office")

    with pytest.raises(InputError, match="is none of"):
        rooms.people.add(admin, "bob", team="alpha", roles=roles)
    with pytest.raises(InputError, match="is none of"):
        rooms.people.change_state(admin, "root", "gone")


def test_what_proves_somebody_is_not_in_what_prints_them(rooms: Rooms) -> None:
    """A log or a traceback that has an account in it helps nobody to guess."""
    invited(rooms)
    enrol(rooms)

    with rooms.world.ledger.reading() as reading:
        account = accounts.find_account(reading, "ana")
    assert account.password_hash is not None
    assert "argon2" in account.password_hash
    assert "argon2" not in repr(account)
    assert "hidden" not in repr(replace(account, enrolment_hash=b"hidden"))


def test_an_entry_says_who_was_made_by_whom(rooms: Rooms) -> None:
    root = rooms.account("root", Role.ADMINISTRATOR, team="office")
    with rooms.world.ledger.transaction() as writing:
        team = ensure_team(writing, "alpha", by=root.id, random=os.urandom)
        bot = accounts.create_account(
            writing,
            name="bot",
            kind=AccountKind.AGENT,
            team=team,
            owner=root,
            roles=(Role.RESEARCHER, Role.OPERATOR, Role.RESEARCHER),
            request=RequestId("request-1"),
            by=root.id,
            random=os.urandom,
        )

    assert (bot.owner, bot.state) == (root.id, "invited")
    assert bot.roles == (Role.OPERATOR, Role.RESEARCHER)
    facts = {
        "account": bot.id,
        "kind": "agent",
        "team": team.id,
        "owner": root.id,
        "roles": ["operator", "researcher"],
        "request": "request-1",
    }
    made = Said(root.id, None, facts, {"name": "bot"}, bot.id)
    assert rooms.said("account.created")[-1] == made


def test_an_entry_says_what_became_of_whom(rooms: Rooms) -> None:
    root = rooms.account("root", Role.ADMINISTRATOR, team="office")
    ana = rooms.account("ana", Role.RESEARCHER)
    with rooms.world.ledger.transaction() as writing:
        team = ensure_team(writing, "beta", by=None, random=os.urandom)
        moved = accounts.change_roles(
            writing,
            ana,
            team=team,
            roles=(Role.APPROVER, Role.ANALYST),
            request=RequestId("request-1"),
            by=root.id,
        )
        away = accounts.change_state(writing, moved, AccountState.SUSPENDED, by=root.id)
        accounts.change_state(
            writing, away, AccountState.LEFT, by=root.id, reason="moved"
        )

    facts = {
        "account": ana.id,
        "team": team.id,
        "roles": ["analyst", "approver"],
        "request": "request-1",
    }
    assert rooms.said("role.changed") == [Said(root.id, None, facts, {}, None)]
    states = [{"account": ana.id, "state": name} for name in ("suspended", "left")]
    assert rooms.said("account.changed") == [
        Said(root.id, None, states[0], {}, None),
        Said(root.id, None, states[1], {"reason": "moved"}, ana.id),
    ]


def test_the_last_who_keeps_accounts_cannot_go(rooms: Rooms) -> None:
    root = rooms.account("root", Role.ADMINISTRATOR)
    ana = rooms.account("ana", Role.RESEARCHER)
    with rooms.world.ledger.transaction() as writing:
        for state in (AccountState.SUSPENDED, AccountState.LEFT):
            with pytest.raises(ConflictError, match="root is the last administrator"):
                accounts.change_state(writing, root, state, by=None)
        accounts.change_state(writing, ana, AccountState.LEFT, by=None)
    rob = rooms.account("rob", Role.ADMINISTRATOR, Role.APPROVER)
    with rooms.world.ledger.transaction() as writing:
        away = accounts.change_state(writing, rob, AccountState.SUSPENDED, by=None)
        with pytest.raises(ConflictError, match="root is the last administrator"):
            accounts.change_state(writing, root, AccountState.LEFT, by=None)
        back = accounts.change_state(writing, away, AccountState.ACTIVE, by=None)
        assert accounts.change_state(writing, root, AccountState.LEFT, by=None)
        assert back.roles == (Role.ADMINISTRATOR, Role.APPROVER)
