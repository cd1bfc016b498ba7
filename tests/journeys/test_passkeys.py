"""A hardened room from its first passkey to evidence that outsiders check."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from strongroom.access.founding import Founder
from strongroom.access.projects import Membership
from strongroom.access.sessions import Actor
from strongroom.app import create_strongroom
from strongroom.client.client import Strongroom
from strongroom.errors import DeniedError, MissingError
from strongroom.permits.permit import PermitRow, find_permit
from strongroom.types import Profile, Role, Secret
from tests.authenticator import EDDSA, ES256, RS256, SoftAuthenticator
from tests.journeys.rooms import CHEAP, PASSPHRASE, PASSWORD, QUICK, Clock

DOMAIN = "rooms.example"
KEYS = {"root": ES256, "ines": EDDSA, "tom": RS256, "olga": ES256, "ana": ES256}


@dataclass
class Hardened:
    """A ``hardened`` room, and everybody with a security key."""

    room: Strongroom
    clock: Clock
    keys: dict[str, SoftAuthenticator] = field(default_factory=dict)
    actors: dict[str, Actor] = field(default_factory=dict)

    def by(self, name: str) -> Strongroom:
        """Return the room as one of the people has it."""
        return Strongroom(self.room.room, self.actors[name])

    def register(self, name: str) -> None:
        """Let somebody with a password register a key, and log in with it."""
        key = SoftAuthenticator(algorithm=KEYS[name])
        first, _, _ = self.room.login(name, PASSWORD)
        first.passkeys.add(key, label="blue")
        bound, _, _ = self.room.login(name, PASSWORD, authenticator=key)
        self.keys[name], self.actors[name] = key, bound.actor

    def admit(self, name: str, team: str, role: Role) -> None:
        """Create an account, have it approved, and let its owner in."""
        people = self.room.room.people
        asked = people.add(self.actors["root"], name, team=team, roles=[role])
        self.sign("ines", asked.id)
        self.enrol(name, people.invite(self.actors["root"], name))
        people.set_member(self.actors["root"], "default", name, Membership.MEMBER)

    def enrol(self, name: str, code: Secret) -> None:
        """Let somebody invited set a password and register a key."""
        self.room.room.people.activate(name, code, PASSWORD)
        self.register(name)

    def sign(self, name: str, request: str) -> None:
        """Let an approver sign."""
        self.by(name).approve(request, authenticator=self.keys[name])

    def permit(self, request: str) -> PermitRow:
        """Return the permit that a request led to."""
        with self.room.room.ledger.reading() as reading:
            return find_permit(reading, request)


def verified(folder: Path, *words: str) -> dict[str, Any]:
    """Return what the outsider's program says, run by a Python of its own."""
    source = resources.files("strongroom.access") / "verify_approvals.py"
    program = folder.parent / "verify_approvals.py"
    program.write_text(source.read_text())
    done = subprocess.run(
        [sys.executable, "-I", program, folder, "--json", *words],
        check=False,
        capture_output=True,
        text=True,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if report["ok"] else 65), done.stderr
    return report


@pytest.fixture
def house(quick: Path) -> Hardened:
    clock = Clock()
    room, founded = create_strongroom(
        quick / "house",
        profile=Profile.HARDENED,
        passphrases={"*": PASSPHRASE},
        owner=Founder(name="root", team="office", password=PASSWORD),
        approvers=(
            Founder(name="ines", team="safety"),
            Founder(name="tom", team="review"),
        ),
        passkeys=DOMAIN,
        cost=CHEAP,
        password_cost=QUICK,
        now=clock,
    )
    house = Hardened(room=room, clock=clock)
    house.register("root")
    for name, code in founded.invitations.items():
        house.enrol(name, code)
    house.admit("olga", "infrastructure", Role.OPERATOR)
    house.admit("ana", "alpha", Role.RESEARCHER)
    return house


def test_what_keys_signed_opens_a_segment_and_convinces_an_outsider(
    house: Hardened, model: Path, quick: Path
) -> None:
    sealed = house.by("olga").seal(model, name="llm")
    assert sealed.request is not None
    house.sign("tom", sealed.request.id)
    asked = house.by("ana").request("llm", segments=["biases"], purpose="a test")
    house.sign("ines", asked.request.id)
    with pytest.raises(MissingError, match="no permits start"):
        house.permit(asked.request.id)
    house.sign("tom", asked.request.id)

    with house.by("ana").open(house.permit(asked.request.id).id) as opened:
        assert opened.segments
    house.by("root").records.export(quick / "evidence")

    report = verified(quick / "evidence", "--domain", DOMAIN, "--all")
    assert report["problems"] == []
    assert (report["signed"], report["permits_signed"]) == (5, 1)
    assert not verified(quick / "evidence", "--domain", "rooms.test")["ok"]


def test_a_permit_ends_when_a_key_that_signed_for_it_is_given_up(
    house: Hardened, model: Path
) -> None:
    sealed = house.by("olga").seal(model, name="llm")
    assert sealed.request is not None
    house.sign("tom", sealed.request.id)
    asked = house.by("ana").request("llm", segments=["biases"], purpose="a test")
    house.sign("ines", asked.request.id)
    house.sign("tom", asked.request.id)
    permit = house.permit(asked.request.id).id
    house.by("ana").open(permit).close()

    (passkey,) = house.by("tom").passkeys.listed()
    house.by("tom").passkeys.remove(passkey.name)

    with pytest.raises(DeniedError, match="1 of 2 people"):
        house.by("ana").open(permit)


def test_past_the_approvals_only_on_a_signature_that_convinces_an_outsider(
    house: Hardened, model: Path, quick: Path
) -> None:
    """Break-glass here is the asker's own word, as approvals are the approvers'."""
    sealed = house.by("olga").seal(model, name="llm")
    assert sealed.request is not None
    house.sign("tom", sealed.request.id)
    ana = house.by("ana")
    past = partial(ana.request, "llm", purpose="a test", break_glass="it burns")
    with pytest.raises(DeniedError) as unsigned:
        past(segments=["biases"])
    assert unsigned.value.reasons == ("break-glass-signed",)
    assert unsigned.value.hint == "sign it: --break-glass REASON --passkey"

    permit = past(segments=["biases"], authenticator=house.keys["ana"]).permit
    assert permit is not None
    with ana.open(permit.id) as opened:
        assert opened.segments
    house.by("root").records.export(quick / "evidence")
    report = verified(quick / "evidence", "--domain", DOMAIN, "--all")
    assert report["problems"] == []
    assert (report["past_approvals"], report["past_approvals_signed"]) == (1, 1)
    assert report["permits_signed"] == 0

    (passkey,) = ana.passkeys.listed()
    ana.passkeys.remove(passkey.name)
    with pytest.raises(DeniedError) as gone:
        ana.open(permit.id)
    assert gone.value.reasons == ("break-glass-signed",)
