"""Custodians and stores by the names that room.toml gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.access.founding import Founder
from strongroom.app import create_strongroom, open_strongroom
from strongroom.errors import (
    DeniedError,
    SetupError,
)
from strongroom.types import Profile, Secret
from tests.journeys.fixtures import clock, model, quick
from tests.journeys.rooms import CHEAP, PASSPHRASE, PASSWORD, Clock, again

__all__ = ["clock", "model", "quick"]

ME = Founder(name="me", team="me", password=PASSWORD)


def create(folder: Path, **changes: object) -> None:
    """Create one person's room and close it, with some arguments changed."""
    values: dict[str, object] = {
        "profile": Profile.SOLO,
        "passphrases": {"*": PASSPHRASE},
        "owner": ME,
        "cost": CHEAP,
        "now": Clock(),
        **changes,
    }
    room, _ = create_strongroom(folder, **values)  # type: ignore[arg-type]  # a test
    room.close()


def test_a_wrong_passphrase_is_refused(quick: Path) -> None:
    create(quick / "room")
    with pytest.raises(DeniedError):
        open_strongroom(quick / "room", passphrases={"*": Secret(b"something else")})


def test_an_unknown_adapter_is_named(quick: Path) -> None:
    create(quick / "room")
    path = quick / "room" / "room.toml"
    path.write_text(path.read_text().replace("folder:stores", "tape:stores"))
    with pytest.raises(SetupError, match="tape:"):
        again(quick / "room")
