"""Rooms are created once, and opened only as what they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.access.founding import Founder
from strongroom.errors import (
    ConflictError,
    InputError,
    SetupError,
)
from strongroom.types import Profile
from tests.app.one_person import create
from tests.journeys.fixtures import clock, model, quick
from tests.journeys.rooms import PASSPHRASE, again

__all__ = ["clock", "model", "quick"]


def test_a_folder_that_holds_something_is_refused(quick: Path) -> None:
    (quick / "room").mkdir()
    (quick / "room" / "thesis.txt").write_text("mine")
    with pytest.raises(ConflictError, match="not empty"):
        create(quick / "room")
    assert [p.name for p in (quick / "room").iterdir()] == ["thesis.txt"]


def test_nobody_else_reads_the_folder(quick: Path) -> None:
    create(quick / "room")
    assert (quick / "room").stat().st_mode & 0o077 == 0


def test_every_domain_needs_a_passphrase(quick: Path) -> None:
    with pytest.raises(SetupError, match="weights has no passphrase"):
        create(
            quick / "room",
            profile=Profile.STANDARD,
            passphrases=dict.fromkeys(["architecture", "biases"], PASSPHRASE),
        )
    assert not (quick / "room" / "room.toml").exists()


@pytest.mark.parametrize(
    "approvers",
    [
        (),
        (Founder(name="a", team="a"),),
        (Founder(name="a", team="a"), Founder(name="b", team="a")),
        (Founder(name="a", team="a"), Founder(name="b", team="me")),
    ],
)
def test_a_standard_room_begins_with_three_teams(
    quick: Path, approvers: tuple[Founder, ...]
) -> None:
    with pytest.raises(InputError, match="three different teams"):
        create(quick / "room", profile=Profile.STANDARD, approvers=approvers)
    assert not (quick / "room" / "room.toml").exists()


def test_two_rooms_do_not_share_a_database(quick: Path, database_url: str) -> None:
    """The second room once wrote its entries into the ledger of the first."""
    create(quick / "first", database=database_url)
    with pytest.raises(ConflictError, match="another room"):
        create(quick / "second", database=database_url)
    with again(quick / "first") as room:
        assert not room.records.verify().findings
