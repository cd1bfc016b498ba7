"""What a house wants done with foreign files stands in ``room.toml``."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from strongroom.errors import InputError
from strongroom.settings.intake import IntakeSettings


@pytest.mark.parametrize("names", [(), ("hayward",), ("picklescan", "hayward")])
def test_it_comes_back_as_it_was_written(names: tuple[str, ...]) -> None:
    settings = IntakeSettings(advisers=names)

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
        {"advisers": "hayward"},
        {"advisers": [3]},
    ],
)
def test_what_makes_no_sense_is_refused(table: dict[str, Any]) -> None:
    with pytest.raises((InputError, TypeError), match="adviser"):
        IntakeSettings.from_toml(table)
