"""A room gets another profile when it has what that needs, and by asking."""

from __future__ import annotations

import pytest

from strongroom.access import profiles
from strongroom.access.accounts import ACCOUNTS, Account, AccountState
from strongroom.access.profiles import Profiles, recorded_profile, verify_profile
from strongroom.errors import ConflictError, DeniedError, SetupError
from strongroom.ledger.events import Event
from strongroom.types import AccountKind, Profile, Role
from tests.access.rooms import Rooms, Said
from tests.access.test_accounts import create
from tests.access.test_reviews import somebody
from tests.ledger.world import event


class Growing:
    """A standard room, and what was written when it changed."""

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms
        self.settled: list[Profile | None] = []
        self.profiles = Profiles(
            rooms.gate,
            rooms.approvals,
            profile=Profile.STANDARD,
            settle=lambda: self.settled.append(self.recorded()),
        )

    def recorded(self) -> Profile | None:
        with self.rooms.world.ledger.reading() as reading:
            return recorded_profile(self.rooms.world.ledger, reading)

    def lacking(self, profile: Profile) -> list[str]:
        with self.rooms.world.ledger.reading() as reading:
            return self.profiles.lacking(reading, profile)


@pytest.fixture
def growing(rooms: Rooms) -> Growing:
    return Growing(rooms)


def test_a_room_alone_lacks_people(growing: Growing) -> None:
    rooms = growing.rooms
    rooms.signer("root", Role.ADMINISTRATOR, Role.APPROVER, team="office")

    assert growing.lacking(Profile.SOLO) == []
    assert growing.lacking(Profile.SMALL) == [
        "an administrator, and an approver who is somebody else"
    ]
    assert growing.lacking(Profile.STANDARD) == [
        "an administrator and two approvers, of three teams"
    ]


def test_whoever_has_no_factor_is_named(growing: Growing) -> None:
    growing.rooms.account("ana")
    growing.rooms.account("ben")

    growing.rooms.account("cy")
    growing.rooms.suspend("cy")  # whoever does not act needs none

    assert growing.lacking(Profile.SOLO) == []
    assert "ana, ben without a second factor" in growing.lacking(Profile.SMALL)
    assert "ana, ben without a passkey" in growing.lacking(Profile.HARDENED)


def test_roles_that_exclude_each_other_are_named(growing: Growing) -> None:
    growing.rooms.signer("me", *Role, team="me")
    growing.rooms.account("aud", Role.AUDITOR, Role.ANALYST)
    growing.rooms.account("adm", Role.ADMINISTRATOR, Role.RESEARCHER)
    growing.rooms.account("fine", Role.ADMINISTRATOR, Role.APPROVER, team="b")

    lacking = growing.lacking(Profile.STANDARD)
    assert any(said.startswith("adm, aud, me with roles") for said in lacking)


def test_a_change_is_agreed_to_recorded_and_written(growing: Growing) -> None:
    rooms = growing.rooms
    root, _ = rooms.signer("root", Role.ADMINISTRATOR, team="office")
    ines, ines_key = rooms.signer("ines", Role.APPROVER, team="safety")
    rooms.signer("tom", Role.APPROVER, team="review")

    request = growing.profiles.ask(root, Profile.HARDENED)
    assert (request.state, growing.settled) == ("pending", [])
    rooms.sign(ines, ines_key, request.id)

    assert growing.settled == [Profile.HARDENED]
    (said,) = rooms.facts("profile.changed")
    assert (said["previous"], said["profile"]) == ("standard", "hardened")


def test_what_is_lacking_by_then_stops_it(growing: Growing) -> None:
    rooms = growing.rooms
    root, _ = rooms.signer("root", Role.ADMINISTRATOR, team="office")
    ines, ines_key = rooms.signer("ines", Role.APPROVER, team="safety")
    rooms.signer("tom", Role.APPROVER, team="review")
    request = growing.profiles.ask(root, Profile.HARDENED)
    rooms.account("new")

    with pytest.raises(ConflictError, match="new without a second factor"):
        rooms.sign(ines, ines_key, request.id)
    assert growing.settled == []


def test_it_is_refused_to_ask_for_what_is_or_what_cannot_be(growing: Growing) -> None:
    root, _ = growing.rooms.signer("root", Role.ADMINISTRATOR, team="office")
    ana, _ = growing.rooms.signer("ana", Role.RESEARCHER, team="alpha")

    with pytest.raises(ConflictError, match="standard already"):
        growing.profiles.ask(root, Profile.STANDARD)
    with pytest.raises(ConflictError, match="needs more"):
        growing.profiles.ask(root, Profile.HARDENED)
    with pytest.raises(DeniedError):
        growing.profiles.ask(ana, Profile.SOLO)


def test_a_room_opens_under_the_profile_that_its_ledger_has(growing: Growing) -> None:
    """Whoever edits ``room.toml`` gets no weaker rules."""
    rooms = growing.rooms
    root, _ = rooms.signer("root", Role.ADMINISTRATOR, team="office")
    ines, ines_key = rooms.signer("ines", Role.APPROVER, team="safety")
    rooms.signer("tom", Role.APPROVER, team="review")
    request = growing.profiles.ask(root, Profile.HARDENED)
    rooms.sign(ines, ines_key, request.id)

    with rooms.world.ledger.reading() as reading:
        verify_profile(rooms.world.ledger, reading, Profile.HARDENED)
        with pytest.raises(SetupError, match="the ledger says hardened") as caught:
            verify_profile(rooms.world.ledger, reading, Profile.SOLO)
    assert 'profile = "hardened"' in caught.value.hint


KEEPER, KEEPER_TOO = Role.ADMINISTRATOR, (Role.ADMINISTRATOR, Role.APPROVER)


@pytest.mark.parametrize(
    ("people", "enough"),
    [
        ([], False),
        ([somebody("a", "t", *KEEPER_TOO)], False),
        ([somebody("a", "t", KEEPER)], False),
        ([somebody("a", "t", KEEPER), somebody("b", "t", Role.APPROVER)], True),
        ([somebody("a", "t", *KEEPER_TOO), somebody("b", "t", *KEEPER_TOO)], True),
        ([somebody("a", "t", *KEEPER_TOO), somebody("b", "t", KEEPER)], False),
        ([somebody("b", "t", Role.APPROVER)], False),
    ],
)
def test_a_small_room_has_somebody_else_for_each_who_keeps_it(
    people: list[Account], *, enough: bool
) -> None:
    assert (profiles._need_two(people) == []) is enough


@pytest.mark.parametrize(
    ("teams", "enough"),
    [
        (("office", "safety", "review"), True),
        (("office", "safety", "safety"), False),
        (("safety", "safety", "review"), False),
        (("", "safety", "review"), False),
        (("office", "safety", ""), False),
        (("office", "", ""), False),
    ],
)
def test_a_standard_room_has_three_teams(
    teams: tuple[str, str, str], *, enough: bool
) -> None:
    roles = (Role.ADMINISTRATOR, Role.APPROVER, Role.APPROVER)
    people = [
        somebody(f"p{number}", team, role)
        for number, (team, role) in enumerate(zip(teams, roles, strict=True))
        if team
    ]

    said = "an administrator and two approvers, of three teams"
    assert profiles._need_teams(people) == ([] if enough else [said])
    keepers = [somebody(team, team, Role.ADMINISTRATOR) for team in ("a", "b")]
    one = somebody("c", "c", Role.APPROVER)  # of three teams, one approves
    assert profiles._need_teams([*keepers, one]) == [said]


@pytest.mark.parametrize(
    ("roles", "mixed"),
    [
        ((Role.AUDITOR,), False),
        ((Role.AUDITOR, Role.ANALYST), True),
        ((Role.ADMINISTRATOR, Role.RESEARCHER), True),
        ((Role.ADMINISTRATOR, Role.APPROVER), False),
        ((Role.RESEARCHER, Role.APPROVER), False),
        ((Role.RESEARCHER,), False),
    ],
)
def test_roles_that_exclude_each_other_are_those_of_evidence_and_of_weights(
    roles: tuple[Role, ...], *, mixed: bool
) -> None:
    people = [
        somebody("root", "office", Role.ADMINISTRATOR),
        somebody("ines", "safety", Role.APPROVER),
        somebody("tom", "review", Role.APPROVER),
        somebody("zoe", "alpha", *roles),
    ]

    said = profiles._need_teams(people)
    assert said == (
        [
            "zoe with roles that exclude each other:"
            " an auditor has no other, an administrator reads no weights"
        ]
        if mixed
        else []
    )


def test_each_profile_lacks_what_it_alone_needs(growing: Growing) -> None:
    root = growing.rooms.actor("root", Role.ADMINISTRATOR, team="office")
    secret = growing.rooms.people.begin_factor(root).secret
    growing.rooms.enrolled(root, "root", secret)
    with growing.rooms.world.ledger.transaction() as writing:
        create(writing, "invited")  # who has no factor yet, and does not act

    teams = ["an administrator and two approvers, of three teams"]
    assert growing.lacking(Profile.SOLO) == []
    assert growing.lacking(Profile.SMALL) == [
        "an administrator, and an approver who is somebody else"
    ]
    assert growing.lacking(Profile.STANDARD) == teams
    assert growing.lacking(Profile.HARDENED) == [*teams, "root without a passkey"]


def test_services_need_no_factor(growing: Growing) -> None:
    owner, _ = growing.rooms.signer("root", Role.ADMINISTRATOR, team="office")
    with growing.rooms.world.ledger.transaction() as writing:
        account = ACCOUNTS.get(writing, owner.account)
        robot = create(writing, "robot", kind=AccountKind.SERVICE, owner=account)
        ACCOUNTS.replace(writing, robot, state=AccountState.ACTIVE)
        writing.append(event())

    assert not any("robot" in said for said in growing.lacking(Profile.HARDENED))


def test_the_entry_says_who_asked_for_which_profile(growing: Growing) -> None:
    rooms = growing.rooms
    root, _ = rooms.signer("root", Role.ADMINISTRATOR, team="office")
    ines, ines_key = rooms.signer("ines", Role.APPROVER, team="safety")
    rooms.signer("tom", Role.APPROVER, team="review")
    with pytest.raises(DeniedError):
        growing.profiles.ask(ines, Profile.HARDENED)
    assert rooms.refusals() == [("profile:change", "room")]
    request = growing.profiles.ask(root, Profile.HARDENED)
    assert request.action == "profile:change"
    rooms.sign(ines, ines_key, request.id)

    facts = {"profile": "hardened", "previous": "standard", "request": request.id}
    assert rooms.said("profile.changed") == [Said(root.account, None, facts, {}, None)]


def test_a_room_is_what_it_was_founded_as_until_it_changes(growing: Growing) -> None:
    ledger = growing.rooms.world.ledger
    assert growing.recorded() is None
    with ledger.reading() as reading:
        verify_profile(ledger, reading, Profile.SOLO)
    with ledger.transaction() as writing:
        writing.append(
            Event(
                kind="room.created",
                actor=None,
                facts={"profile": "small", "domains": []},
            )
        )

    assert growing.recorded() is Profile.SMALL
    with ledger.reading() as reading:
        verify_profile(ledger, reading, Profile.SMALL)
        with pytest.raises(SetupError, match="says solo, and the ledger says small"):
            verify_profile(ledger, reading, Profile.SOLO)
