"""Rooms that the tests work in: one person's, and one with teams."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

from strongroom.access import passwords
from strongroom.access.accounts import find_account
from strongroom.access.founding import Founder
from strongroom.access.projects import Membership
from strongroom.access.sessions import Actor, actor_of
from strongroom.access.totp import code_at
from strongroom.app import create_strongroom, open_strongroom
from strongroom.client.client import Strongroom
from strongroom.crypto.passphrases import Cost
from strongroom.permits.permit import PermitRow, find_permit
from strongroom.types import Factor, Profile, Role, Secret
from strongroom.vault.vault import Sealed

START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
PASSPHRASE = Secret(b"correct horse battery staple")
PASSWORD = Secret(b"a password of some length")
CHEAP = Cost(memory_kib=19 * 1024, passes=2, lanes=1)
QUICK = passwords.Cost(memory_kib=19 * 1024, passes=1, lanes=1)
WEEK = timedelta(days=7)

STAFF = {
    "olga": ("infrastructure", (Role.OPERATOR,)),
    "ana": ("alpha", (Role.RESEARCHER,)),
    "ben": ("beta", (Role.RESEARCHER,)),
    "cy": ("gamma", (Role.RESEARCHER,)),
    "ada": ("evidence", (Role.AUDITOR,)),
}


@dataclass
class Clock:
    """A clock that the test moves."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        """Move on by ``timedelta(**by)``."""
        self.now += timedelta(**by)


def solo(
    folder: Path, url: str | None = None, clock: Clock | None = None
) -> Strongroom:
    """Make a room for one person."""
    room, _ = create_strongroom(
        folder,
        profile=Profile.SOLO,
        passphrases={"*": PASSPHRASE},
        owner=Founder(name="me", team="me", password=PASSWORD),
        database=url or "sqlite+pysqlite:///room.db",
        cost=CHEAP,
        password_cost=QUICK,
        now=clock or Clock(),
    )
    return room


def again(
    folder: Path, clock: Clock | None = None, *, domains: Sequence[str] = ("*",)
) -> Strongroom:
    """Open a room that was made before, with the passphrases of ``domains``."""
    passphrases = dict.fromkeys(domains, PASSPHRASE)
    return open_strongroom(
        folder,
        passphrases=passphrases,
        password_cost=QUICK,
        now=clock or Clock(),
    )


@dataclass
class House:
    """A ``standard`` room and everybody in it.

    Attributes:
        folder: Where it lies.
        room: Nobody acts in it.
        actors: Who is logged in, by name.
        secrets: What is on their phones.
    """

    folder: Path
    room: Strongroom
    clock: Clock
    actors: dict[str, Actor] = field(default_factory=dict)
    secrets: dict[str, Secret] = field(default_factory=dict)

    def by(self, name: str) -> Strongroom:
        """Return the room as one of the people has it."""
        return Strongroom(self.room.room, self.actors[name])

    def login(self, *names: str) -> None:
        """Log these people in again, or everybody; their factor is fresh then."""
        self.clock.advance(seconds=30)
        for name in names or tuple(self.secrets):
            code = code_at(self.secrets[name], self.clock.now)
            bound, _, _ = self.room.login(name, PASSWORD, code)
            self.actors[name] = bound.actor

    def refresh(self, *names: str) -> None:
        """Give these people, or everybody, a new session with a fresh factor.

        Like ``login`` without password hashing, which takes 0.1 s a person.
        """
        ledger, sessions = self.room.room.ledger, self.room.room.sessions
        with ledger.transaction() as writing:
            for name in names or tuple(self.secrets):
                account = find_account(writing, name)
                session, _ = sessions.open(
                    writing, account, Factor.TOTP, writing.now, "test"
                )
                self.actors[name] = actor_of(session)

    def admit(self, name: str, team: str, *roles: Role) -> None:
        """Create an account, approve it, enrol it and log it in."""
        request = self.by("root").room.people.add(
            self.actors["root"], name, team=team, roles=roles
        )
        self.by("ines").approve(request.id)
        code = self.room.room.people.invite(self.actors["root"], name)
        self.enrol(name, code)

    def enrol(self, name: str, code: Secret) -> None:
        """Let somebody invited set password and second factor, and log in."""
        people = self.room.room.people
        self.secrets[name] = people.enrol(name, code, PASSWORD).secret
        first = code_at(self.secrets[name], self.clock.now)
        people.confirm_factor(name, first, source="test")
        self.login(name)

    def publish(
        self,
        source: Path,
        name: str = "llm",
        *,
        by: str = "olga",
        classification: str | None = None,
        parent: str | None = None,
        plan: str | None = None,
        custodians: int | None = None,
    ) -> Sealed:
        """Seal a version and let an approver publish it, if anybody has to."""
        sealed = self.by(by).seal(
            source,
            name=name,
            classification=classification,
            parent=parent,
            plan=plan,
            custodians=custodians,
        )
        if sealed.request is not None and sealed.request.state == "pending":
            self.by("ines").approve(sealed.request.id)
        return sealed

    def permit(
        self,
        name: str,
        *segments: str,
        target: str = "llm",
        duration: timedelta = timedelta(hours=4),
        lineage: bool = False,
        at_most_bytes: int | None = None,
    ) -> PermitRow:
        """Ask for segments and let both approvers agree."""
        asked = self.by(name).request(
            target,
            segments=segments,
            purpose="a test",
            duration=duration,
            lineage=lineage,
            at_most_bytes=at_most_bytes,
        )
        request = asked.request
        for approver in ("ines", "tom"):
            if request.state == "pending":
                request = self.by(approver).approve(request.id)
        return self.permit_of(request.id)

    def permit_of(self, request: str) -> PermitRow:
        """Return the permit that a request led to."""
        with self.room.room.ledger.reading() as reading:
            return find_permit(reading, request)


def found_house(folder: Path, url: str) -> House:
    """Make a ``standard`` room with everybody in ``STAFF`` and log them in."""
    clock = Clock()
    room, founded = create_strongroom(
        folder,
        profile=Profile.STANDARD,
        passphrases={"*": PASSPHRASE},
        owner=Founder(name="root", team="office", password=PASSWORD),
        approvers=(
            Founder(name="ines", team="safety"),
            Founder(name="tom", team="review"),
        ),
        database=url,
        cost=CHEAP,
        password_cost=QUICK,
        now=clock,
    )
    house = House(folder=folder, room=room, clock=clock)
    first, _, _ = room.login("root", PASSWORD)
    house.secrets["root"] = first.room.people.begin_factor(first.actor).secret
    code = code_at(house.secrets["root"], clock.now)
    room.room.people.confirm_factor("root", code, source="test")
    house.login("root")
    for name, invitation in founded.invitations.items():
        house.enrol(name, invitation)
    for name, (team, roles) in STAFF.items():
        house.admit(name, team, *roles)
        room.room.people.set_member(
            house.actors["root"], "default", name, Membership.MEMBER
        )
    return house


def tensors(
    *, blocks: int = 8, width: int = 64, seed: int = 1
) -> dict[str, npt.NDArray[np.float32]]:
    """Return the tensors of a small transformer-shaped model."""
    random = np.random.default_rng(seed)

    def weight(*shape: int) -> npt.NDArray[np.float32]:
        return random.standard_normal(shape).astype(np.float32)

    found = {"embed_tokens.weight": weight(96, width)}
    for depth in range(blocks):
        found[f"model.layers.{depth}.attention.weight"] = weight(width, width)
        found[f"model.layers.{depth}.mlp.weight"] = weight(width, 2 * width)
        found[f"model.layers.{depth}.mlp.bias"] = weight(2 * width)
    found["lm_head.weight"] = weight(64, width)
    return found


def write_foreign(folder: Path, *, seed: int = 1) -> Path:
    """Write a folder with weights of somebody else; another seed, other weights."""
    folder.mkdir()
    found = {f"w{n}": np.arange(9000, dtype="<f4") + n * seed for n in range(20)}
    save_file(found, folder / "model.safetensors")
    return folder


VOCABULARY = np.random.default_rng(7).bytes(700)


def write_small_model(folder: Path, *, seed: int = 1, blocks: int = 8) -> Path:
    """Write a folder with weights, a configuration and a tokenizer."""
    folder.mkdir(parents=True)
    save_file(tensors(seed=seed, blocks=blocks), folder / "model.safetensors")
    (folder / "config.json").write_text('{"hidden_size": 64}\n', encoding="utf-8")
    (folder / "tokenizer").mkdir()
    (folder / "tokenizer" / "vocab.txt").write_bytes(VOCABULARY)
    (folder / "empty").write_bytes(b"")
    return folder


def same_files(first: Path, second: Path) -> bool:
    """Return whether two folders hold the same files, byte for byte."""

    def contents(folder: Path) -> dict[str, bytes]:
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }

    return contents(first) == contents(second)
