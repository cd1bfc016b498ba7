"""Whose advisories a room takes stands in its file, and makes sense or is refused."""

from __future__ import annotations

import tomllib

import pytest

from strongroom.errors import InputError
from strongroom.settings.advised import AdvisorySettings

KEY = "ab" * 32


def test_what_is_written_is_read_again() -> None:
    pinned = AdvisorySettings(key=KEY, at_most_age_days=14)
    table = tomllib.loads("\n".join(pinned.to_toml()))["advisories"]

    assert AdvisorySettings.from_toml(table) == pinned
    assert AdvisorySettings.from_toml({"key": KEY}).at_most_age_days == 30


@pytest.mark.parametrize(
    "table",
    [
        {"key": KEY[:-1]},
        {"key": KEY.upper()},
        {"key": KEY, "at_most_age_days": 0},
        {"key": KEY, "at_most_age_days": 3651},
        {"key": KEY, "at_most_age_days": True},
    ],
)
def test_what_makes_no_sense_is_refused(table: dict[str, object]) -> None:
    with pytest.raises((InputError, ValueError)):
        AdvisorySettings.from_toml(table)
