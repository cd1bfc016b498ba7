"""Custodians and stores by the names that room.toml gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.app import open_strongroom
from strongroom.errors import (
    DeniedError,
    SetupError,
)
from strongroom.types import Secret
from tests.app.one_person import create
from tests.journeys.fixtures import clock, model, quick
from tests.journeys.rooms import again

__all__ = ["clock", "model", "quick"]


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
