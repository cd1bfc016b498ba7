"""A house of seven people in five teams around one room, with real codes.

The clock starts eight days ago and is driven forward, so that models grow old
and permits expire within a minute; it ends before the present, so that a room
that is kept can be used.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from strongroom.access import passwords, totp
from strongroom.access.founding import Founder
from strongroom.access.projects import Membership
from strongroom.app import create_strongroom, open_strongroom
from strongroom.client.client import Strongroom
from strongroom.crypto.passphrases import Cost
from strongroom.types import Profile, Role, Secret

PASSPHRASE = Secret(b"a passphrase that everybody knows")
"""Of every custody domain; it guards nothing but the demo."""

COST = Cost(memory_kib=19 * 1024, passes=2, lanes=1)
"""The floor: the demo opens some twenty copies of its room."""

PASSWORD_COST = passwords.Cost(memory_kib=COST.memory_kib, passes=2, lanes=1)
"""The floor as well: its seven people log in some thirty times."""

MODEL = "minilm"
_DAYS_AGO = timedelta(days=8)
_LOGIN = timedelta(seconds=totp.STEP_SECONDS)
_FACTOR_FRESH = timedelta(minutes=10)


class Clock:
    """The real clock, set back and driven forward."""

    def __init__(self, offset: timedelta = -_DAYS_AGO) -> None:
        self.offset = offset

    def __call__(self) -> datetime:
        """Return the time in the house, aware UTC."""
        return datetime.now(UTC) + self.offset

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        self.offset += by

    def copy(self) -> Clock:
        """Return a clock that shows the same time and is driven by itself."""
        return Clock(self.offset)


@dataclass(slots=True, kw_only=True)
class Person:
    """Somebody with a password and a phone.

    Attributes:
        secret: What the phone computes codes from.
        token: Of the present login.
        since: When that was.
    """

    name: str
    team: str
    roles: tuple[Role, ...]
    password: Secret
    secret: Secret | None = None
    token: Secret | None = None
    since: datetime | None = None


ADMINISTRATOR = ("ada", "platform")
APPROVERS = (("lena", "safety"), ("sam", "security"))
OTHERS = (
    ("mia", "training", (Role.RESEARCHER,)),
    ("rosa", "research", (Role.RESEARCHER,)),
    ("noor", "research", (Role.RESEARCHER,)),
    ("omar", "research", (Role.RESEARCHER, Role.APPROVER)),
)
"""Who joins later: mia seals; rosa and noor ask; omar may approve, for others."""


class House:
    """A room and the people who use it."""

    def __init__(
        self, folder: Path, room: Strongroom, people: dict[str, Person], clock: Clock
    ) -> None:
        self.folder = folder
        self.room = room
        self.people = people
        self.clock = clock

    def acting_as(self, name: str) -> Strongroom:
        """Return the room bound to a person, who logs in anew when it is due."""
        person = self.people[name]
        now = self.clock()
        if person.since is None or now - person.since > _FACTOR_FRESH:
            self._login(person)
        if person.token is None:
            raise AssertionError(f"{name} did not log in")
        return self.room.resume(person.token)

    def code_of(self, name: str) -> str:
        """Return what a person's phone shows."""
        secret = self.people[name].secret
        return totp.code_at(secret, self.clock()) if secret else ""

    def grant(
        self,
        name: str,
        *segments: str,
        purpose: str,
        target: str = MODEL,
        duration: timedelta = timedelta(hours=12),
    ) -> str:
        """Let a person ask and two approvers agree; return the request's id.

        Raises:
            DeniedError: Policy refuses.
        """
        asked = self.acting_as(name).request(
            target, segments=segments, purpose=purpose, duration=duration
        )
        for approver, _ in APPROVERS:
            self.acting_as(approver).approve(asked.request.id)
        return asked.request.id

    @contextmanager
    def opened_at(self, folder: Path) -> Iterator[House]:
        """Give the same house around a copy of the room, with a clock of its own.

        Raises:
            StrongroomError: The room there does not open.
        """
        clock = self.clock.copy()
        people = {name: replace(person) for name, person in self.people.items()}
        with open_strongroom(
            folder,
            passphrases={"*": PASSPHRASE},
            password_cost=PASSWORD_COST,
            now=clock,
        ) as room:
            yield House(folder, room, people, clock)

    def _login(self, person: Person) -> None:
        if person.secret is not None:
            self.clock.advance(_LOGIN)  # a code works once
        code = self.code_of(person.name) or None
        _, session, token = self.room.login(person.name, person.password, code)
        person.token, person.since = token, session.opened_at


def build_house(
    folder: Path, clock: Clock, *, database: str = "sqlite+pysqlite:///room.db"
) -> House:
    """Create a ``standard`` room with three custody domains and seven people.

    Args:
        folder: New or empty.
        clock: Driven forward by every login.
        database: SQLAlchemy URL.
    """
    owner = _person(*ADMINISTRATOR, (Role.ADMINISTRATOR,))
    approvers = [_person(name, team, (Role.APPROVER,)) for name, team in APPROVERS]
    room, founded = create_strongroom(
        folder,
        profile=Profile.STANDARD,
        passphrases={"*": PASSPHRASE},
        owner=Founder(name=owner.name, team=owner.team, password=owner.password),
        approvers=[Founder(name=p.name, team=p.team) for p in approvers],
        database=database,
        cost=COST,
        password_cost=PASSWORD_COST,
        now=clock,
    )
    people = {p.name: p for p in (owner, *approvers)}
    house = House(folder, room, people, clock)
    ada = house.acting_as(owner.name)
    enrolment = room.room.people.begin_factor(ada.actor)
    _confirm(house, owner, enrolment.secret)
    for person in approvers:
        _enrol(house, person, founded.invitations[person.name])
    for name, team, roles in OTHERS:
        _join(house, _person(name, team, roles))
    return house


def _person(name: str, team: str, roles: tuple[Role, ...]) -> Person:
    password = Secret(f"{name} and a long sentence".encode())
    return Person(name=name, team=team, roles=roles, password=password)


def _join(house: House, person: Person) -> None:
    """Let the administrator ask for an account, another team agree, and enrol."""
    people = house.room.room.people
    ada = house.acting_as(ADMINISTRATOR[0])
    request = people.add(ada.actor, person.name, team=person.team, roles=person.roles)
    house.acting_as(APPROVERS[0][0]).approve(request.id)
    house.people[person.name] = person
    ada = house.acting_as(ADMINISTRATOR[0])
    _enrol(house, person, people.invite(ada.actor, person.name))
    people.set_member(ada.actor, "default", person.name, Membership.MEMBER)


def _enrol(house: House, person: Person, invitation: Secret) -> None:
    enrolment = house.room.room.people.enrol(person.name, invitation, person.password)
    _confirm(house, person, enrolment.secret)


def _confirm(house: House, person: Person, secret: Secret) -> None:
    person.secret = secret
    house.room.room.people.confirm_factor(
        person.name, house.code_of(person.name), source="the demo"
    )
    person.token = person.since = None
