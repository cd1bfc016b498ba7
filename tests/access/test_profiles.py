"""A room gets another profile when it has what that needs, and by asking."""

from __future__ import annotations

import pytest

from strongroom.access.profiles import Profiles, recorded_profile, verify_profile
from strongroom.errors import ConflictError, DeniedError, SetupError
from strongroom.types import Profile, Role
from tests.access.rooms import Rooms


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
