"""A small lab: nobody opens a restricted model alone.

python examples/two_teams.py MODEL NEW_FOLDER

The clock is an argument, so five people log in within a second here: each code of
a second factor works once, and a new one comes every thirty seconds.
"""

from __future__ import annotations

import secrets
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from strongroom.access.founding import Founder
from strongroom.access.projects import Membership
from strongroom.access.totp import code_at
from strongroom.app import create_strongroom
from strongroom.client.client import Strongroom
from strongroom.errors import DeniedError
from strongroom.types import Profile, Role, Secret


class House:
    """The room, and what each person's telephone and memory hold."""

    def __init__(self, folder: Path) -> None:
        """Make a room with an administrator and two approvers, in three teams."""
        self.time = datetime.now(UTC)
        self.passwords = {name: _secret() for name in ("ada", "bo", "cy", "dee", "eve")}
        self.telephones: dict[str, Secret] = {}
        self.room, founded = create_strongroom(
            folder,
            profile=Profile.STANDARD,
            passphrases={name: _secret() for name in ("architecture", "biases", "*")},
            owner=Founder(name="ada", team="security", password=self.passwords["ada"]),
            approvers=(
                Founder(name="bo", team="infrastructure"),
                Founder(name="cy", team="safety"),
            ),
            now=lambda: self.time,
        )
        people = self.room.room.people
        first = self.room.login("ada", self.passwords["ada"])[0]
        self.telephones["ada"] = people.begin_factor(first.actor).secret
        people.confirm_factor("ada", self.code("ada"), source="local")
        for name, invitation in founded.invitations.items():
            self.enrol(name, invitation)

    def code(self, name: str) -> str:
        """Return the next code of somebody's telephone."""
        self.time += timedelta(seconds=30)
        return code_at(self.telephones[name], self.time)

    def enrol(self, name: str, invitation: Secret) -> None:
        """Let somebody set a password and a second factor."""
        people = self.room.room.people
        enrolment = people.enrol(name, invitation, self.passwords[name])
        self.telephones[name] = enrolment.secret
        people.confirm_factor(name, self.code(name), source="local")

    def login(self, name: str) -> Strongroom:
        """Return the room as ``name`` sees it, with a fresh second factor."""
        return self.room.login(name, self.passwords[name], self.code(name))[0]

    def hire(self, name: str, team: str) -> None:
        """Let the administrator ask for a researcher, and an approver agree."""
        ada = self.login("ada")
        people = ada.room.people
        asked = people.add(ada.actor, name, team=team, roles=[Role.RESEARCHER])
        self.login("bo").approve(asked.id)
        self.enrol(name, people.invite(ada.actor, name))
        people.set_member(ada.actor, "default", name, Membership.MEMBER)


def main(model: Path, folder: Path) -> None:
    """Seal ``model`` as restricted, and open two segments of it with two approvals."""
    house = House(folder / "room")
    house.hire("dee", "training")
    house.hire("eve", "research")

    sealed = house.login("dee").seal(model, name="model")
    if sealed.request is not None:
        house.login("bo").approve(sealed.request.id)  # it begins a lineage
    names = [segment.name for segment in sealed.manifest.segments]

    asked = house.login("eve").request("model", segments=names[2:4], purpose="probe")
    share = asked.exposure.after / sealed.manifest.plain_bytes
    print(f"eve would hold {share:.0%}; {asked.request.approvals} others have to agree")
    house.login("bo").approve(asked.request.id)
    attempt(house, asked.request.id, "with one approval")
    house.login("cy").approve(asked.request.id)
    attempt(house, asked.request.id, "with two")
    try:
        house.login("eve").request("model", segments=names[2:], purpose="the rest")
    except DeniedError as error:
        print(f"the rest: {error}")
    house.room.close()


def attempt(house: House, request: str, how: str) -> None:
    """Let eve open what a request is about, and say what came of it."""
    try:
        with house.login("eve").open(request) as opened:
            print(f"{how}: {opened.check():,} bytes of", *opened.segments)
    except DeniedError as error:
        print(f"{how}: {error}")


def _secret() -> Secret:
    return Secret(secrets.token_urlsafe(24).encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
