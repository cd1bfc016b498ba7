"""The same installation grows from one person to passkeys only."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.access.request import Request
from strongroom.access.sessions import Actor
from strongroom.app import open_strongroom
from strongroom.app.growing import settle_profile
from strongroom.client.client import Strongroom
from strongroom.errors import ConflictError, SetupError
from strongroom.settings import load_settings
from strongroom.types import Profile, Role
from tests.authenticator import SoftAuthenticator
from tests.journeys.rooms import PASSPHRASE, PASSWORD, Clock, again, solo


class Growing:
    """One room, opened again after each change of its rules."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, Clock()
        self.room = solo(folder, clock=self.clock)
        self.keys: dict[str, SoftAuthenticator] = {}

    def reopen(self) -> None:
        self.room.close()
        self.room = again(self.folder, self.clock)

    def register(self, name: str) -> None:
        """Let somebody with a password register a key."""
        first, _, _ = self.room.login(name, PASSWORD)
        self.keys[name] = SoftAuthenticator(origin="http://localhost")
        first.passkeys.add(self.keys[name], label="key")

    def by(self, name: str) -> Strongroom:
        """Log somebody in with their key."""
        bound, _, _ = self.room.login(name, PASSWORD, authenticator=self.keys[name])
        return bound

    def hire(self, actor: Actor, name: str, team: str, *roles: Role) -> Request:
        """Ask for an account."""
        return self.room.room.people.add(actor, name, team=team, roles=roles)

    def enrol(self, actor: Actor, name: str) -> None:
        """Let somebody in whose account is agreed to."""
        code = self.room.room.people.invite(actor, name)
        self.room.room.people.activate(name, code, PASSWORD)
        self.register(name)

    def agree(self, name: str, request: Request) -> None:
        """Let somebody sign, which carries it out."""
        decided = self.by(name).approve(request.id, authenticator=self.keys[name])
        assert decided.state == "approved"

    def roles(self, by: str, name: str, team: str, *roles: Role) -> None:
        """Give somebody other roles, with the word of bo."""
        people, actor = self.room.room.people, self.by(by).actor
        self.agree("bo", people.change_roles(actor, name, team=team, roles=roles))

    @property
    def written(self) -> Profile:
        return load_settings(self.folder).profile


def test_a_room_grows_from_one_person_to_passkeys_only(quick: Path) -> None:
    house = Growing(quick / "room")
    house.register("me")
    me = house.by("me")
    house.hire(me.actor, "ann", "lab", Role.APPROVER)
    house.enrol(me.actor, "ann")
    assert me.room.persons.profiles.ask(me.actor, Profile.SMALL).state == "approved"

    house.reopen()
    assert house.written is Profile.SMALL
    assert not house.room.bound
    me = house.by("me")
    for name, team in (("bo", "safety"), ("cy", "review")):
        house.agree("ann", house.hire(me.actor, name, team, Role.APPROVER))
        house.enrol(me.actor, name)
    with pytest.raises(ConflictError, match="me with roles that exclude each other"):
        me.room.persons.profiles.ask(me.actor, Profile.STANDARD)
    house.roles("me", "ann", "lab", Role.ADMINISTRATOR)
    house.roles("ann", "me", "office", Role.ADMINISTRATOR)
    house.agree(
        "bo", me.room.persons.profiles.ask(house.by("me").actor, Profile.STANDARD)
    )

    for profile, following in (
        (Profile.STANDARD, Profile.HARDENED),
        (Profile.HARDENED, Profile.STANDARD),
    ):
        house.reopen()
        assert house.written is profile
        me = house.by("me")
        house.agree("cy", me.room.persons.profiles.ask(me.actor, following))
    assert house.by("me").records.verify().findings == ()


def test_a_room_whose_file_says_another_profile_does_not_open(quick: Path) -> None:
    solo(quick / "room").close()
    path = quick / "room" / "room.toml"
    text = path.read_text().replace('profile = "solo"', 'profile = "standard"')
    path.write_text(text)

    with pytest.raises(SetupError, match="the ledger says solo"):
        open_strongroom(quick / "room", passphrases={"*": PASSPHRASE})


def test_a_profile_that_was_not_written_is_written_later(quick: Path) -> None:
    """As after a crash between the commit and the file."""
    room = solo(quick / "room")
    path = quick / "room" / "room.toml"
    honest = path.read_text()
    path.write_text(honest.replace('profile = "solo"', 'profile = "small"'))

    settle_profile(room.room.ledger, quick / "room", room.room.random)
    room.close()

    assert path.read_text() == honest
