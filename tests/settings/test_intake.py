"""What a house wants done with foreign files stands in ``room.toml``."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from strongroom.errors import InputError
from strongroom.settings.intake import IntakeSettings


@pytest.mark.parametrize("names", [(), ("hayward",), ("picklescan", "hayward")])
@pytest.mark.parametrize("folder", [None, Path("q"), Path("/large/\u00e9")])
def test_it_comes_back_as_it_was_written(
    names: tuple[str, ...], folder: Path | None
) -> None:
    for hub in ("", "https://hub.example"):
        settings = IntakeSettings(
            advisers=names,
            folder=folder,
            hub=hub,
            original_days=90 if hub else 30,
            skops_types=("mylab.models.Scaler", "mylab.Other") if hub else (),
        )

        table = tomllib.loads("\n".join(settings.to_toml())).get("intake", {})

        assert IntakeSettings.from_toml(table) == settings


@pytest.mark.parametrize(
    "table",
    [
        {"adviser": ["hayward"]},
        {"advisers": ["Hayward"]},
        {"advisers": ["hayward", "hayward"]},
        {"advisers": ["../x"]},
        {"advisers": [f"a{n}" for n in range(9)]},
        {"original_days": 0},
        {"original_days": 3651},
        {"advisers": "hayward"},
        {"advisers": [3]},
        {"folder": ""},
        {"folder": ["a"]},
        {"hub": 3},
        {"original_days": "30"},
        {"original_days": True},
        {"skops_types": "mylab.Scaler"},
        {"skops_types": [1]},
    ],
)
def test_what_makes_no_sense_is_refused(table: dict[str, Any]) -> None:
    with pytest.raises((InputError, TypeError), match=r"adviser|folder|hub|days|skops"):
        IntakeSettings.from_toml(table)


def test_a_folder_that_others_may_use_gets_one_of_the_room_in_it() -> None:
    """A hint named this key before there was one."""
    room = Path("/rooms/a")

    assert IntakeSettings().quarantine(room, "room-a") == room / "quarantine"
    near = IntakeSettings(folder=Path("q")).quarantine(room, "room-a")
    assert near == room / "q" / "room-a"
    far = IntakeSettings(folder=Path("/large")).quarantine(room, "room-a")
    assert far == Path("/large/room-a")
