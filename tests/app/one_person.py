"""A room for one person, made with what a test changes."""

from __future__ import annotations

from pathlib import Path

from strongroom.access.founding import Founder
from strongroom.app import create_strongroom
from strongroom.types import Profile
from tests.journeys.rooms import CHEAP, PASSPHRASE, PASSWORD, QUICK, Clock

ME = Founder(name="me", team="me", password=PASSWORD)


def create(folder: Path, **changes: object) -> None:
    """Create one person's room and close it, with some arguments changed."""
    values: dict[str, object] = {
        "profile": Profile.SOLO,
        "passphrases": {"*": PASSPHRASE},
        "owner": ME,
        "cost": CHEAP,
        "password_cost": QUICK,
        "now": Clock(),
        **changes,
    }
    room, _ = create_strongroom(folder, **values)  # type: ignore[arg-type]  # a test
    room.close()
