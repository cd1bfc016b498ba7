"""Rooms and the people in front of them, for the tests of this folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from strongroom.access.founding import Founder
from strongroom.app import create_strongroom
from strongroom.types import Profile, Secret
from tests import postgresql
from tests.cli.terminal import PASSPHRASE, PASSWORD, Phone, Terminal
from tests.intake.signers import Pair, make_pair
from tests.journeys.fixtures import foreign, model, quick
from tests.journeys.rooms import CHEAP, QUICK, write_small_model

__all__ = ["foreign", "model", "quick"]

PEOPLE = {
    "olga": ("infrastructure", "operator"),
    "ana": ("alpha", "researcher"),
    "ben": ("beta", "researcher"),
}


@dataclass(frozen=True)
class Office:
    """A ``standard`` room and the terminals of everybody in it."""

    folder: Path
    terminals: dict[str, Terminal]

    def at(self, name: str) -> Terminal:
        """Return the terminal of one person."""
        return self.terminals[name]

    def copy(self, folder: Path) -> Office:
        """Return an office of its own below ``folder``."""
        shutil.copytree(self.folder.parent, folder)
        return Office(
            folder=folder / "room",
            terminals={
                name: terminal.moved(folder)
                for name, terminal in self.terminals.items()
            },
        )


@pytest.fixture(scope="session")
def solo_template() -> Iterator[Terminal]:
    """Give one person's terminal in front of an empty room; copied for each test."""
    with tempfile.TemporaryDirectory(dir=postgresql.quick_folder()) as folder:
        room, _ = create_strongroom(
            Path(folder) / "solo" / "room",
            profile=Profile.SOLO,
            passphrases={"*": Secret(PASSPHRASE.encode())},
            owner=Founder(name="me", team="me", password=Secret(PASSWORD.encode())),
            cost=CHEAP,
            password_cost=QUICK,
        )
        room.close()
        yield terminal_in(Path(folder) / "solo", "me")


@pytest.fixture
def solo(solo_template: Terminal, quick: Path) -> Terminal:
    """Give one person's terminal in front of an empty room."""
    return solo_template.copy(quick)


@pytest.fixture(scope="session")
def tiny_template(solo_template: Terminal) -> Iterator[Terminal]:
    """Give the terminal of ``tiny``; copied for each test."""
    with tempfile.TemporaryDirectory(dir=postgresql.quick_folder()) as folder:
        solo = solo_template.copy(Path(folder) / "solo")
        solo.ok("seal", write_small_model(Path(folder) / "model"), "--as", "tiny")
        yield solo


@pytest.fixture
def tiny(tiny_template: Terminal, quick: Path) -> Terminal:
    """Give a terminal in front of a room with the model of ``model`` as ``tiny``."""
    return tiny_template.copy(quick)


@pytest.fixture(scope="session")
def office_template() -> Iterator[Office]:
    """Give an office where everybody is enrolled; copied for each test."""
    with tempfile.TemporaryDirectory(dir=postgresql.quick_folder()) as folder:
        yield found_office(Path(folder))


@pytest.fixture
def office(office_template: Office, quick: Path) -> Office:
    """Give an office of three founders and three staff, everybody logged in."""
    return office_template.copy(quick / "office")


@pytest.fixture(scope="session")
def published_template(office_template: Office) -> Iterator[Office]:
    """Give the office of ``published``; copied for each test."""
    with tempfile.TemporaryDirectory(dir=postgresql.quick_folder()) as folder:
        office = office_template.copy(Path(folder) / "office")
        model = write_small_model(Path(folder) / "model")
        asked = office.at("olga").ok("seal", model, "--as", "llm")["request"]
        office.at("ines").ok("approve", asked)
        yield office


@pytest.fixture
def published(published_template: Office, quick: Path) -> Office:
    """Give an office with one published restricted model, ``llm``."""
    return published_template.copy(quick / "office")


@pytest.fixture
def pair(quick: Path) -> Pair:
    """Give somebody's key for signing models, and its public half."""
    return make_pair(quick)


def terminal_in(folder: Path, name: str) -> Terminal:
    """Return a terminal whose runtime folder is new."""
    runtime = folder / name
    runtime.mkdir(mode=0o700)
    return Terminal(folder=folder / "room", runtime=runtime)


def found_office(folder: Path) -> Office:
    """Make a ``standard`` room and let everybody enrol at the command line."""
    room, founded = create_strongroom(
        folder / "room",
        profile=Profile.STANDARD,
        passphrases={"*": Secret(PASSPHRASE.encode())},
        owner=Founder(name="root", team="office", password=Secret(PASSWORD.encode())),
        approvers=(
            Founder(name="ines", team="safety"),
            Founder(name="tom", team="review"),
        ),
        cost=CHEAP,
    )
    room.close()
    root = terminal_in(folder, "root")
    root.login("root")
    root.phone = Phone(root.ok("account", "factor")["otpauth"])
    confirm(root, "root")
    office = Office(folder=folder / "room", terminals={"root": root})
    for name, code in founded.invitations.items():
        admit(office, name, code.reveal().decode())
    for name, (team, role) in PEOPLE.items():
        asked = root.ok("account", "add", name, "--team", team, "--role", role)
        office.at("ines").ok("approve", asked["request"])
        admit(office, name, root.ok("account", "invite", name)["invitation"])
        root.ok("project", "member", "default", name)
    return office


def admit(office: Office, name: str, invitation: str) -> None:
    """Enrol somebody invited at a terminal of their own."""
    terminal = terminal_in(office.folder.parent, name)
    enrolled = terminal.ok(
        "account",
        "enrol",
        name,
        "--invitation-file",
        "-",
        "--password-file",
        "-",
        stdin=f"{invitation}\n{PASSWORD}\n",
    )
    terminal.phone = Phone(enrolled["otpauth"])
    confirm(terminal, name)
    office.terminals[name] = terminal


def confirm(terminal: Terminal, name: str) -> None:
    """Confirm a second factor, and log in with the next code."""
    assert terminal.phone is not None
    code = terminal.phone.code()
    done = terminal.ok(
        "account", "confirm", name, "--code-file", "-", stdin=f"{code}\n"
    )
    assert len(done["recovery_codes"]) == 8
    terminal.login(name)
