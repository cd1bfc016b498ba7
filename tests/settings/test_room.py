"""A room's settings come back as they were written, or the start stops."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from strongroom.errors import SetupError
from strongroom.settings import (
    FILE_NAME,
    MAX_FILE_BYTES,
    Domain,
    PinnedSet,
    Settings,
    load_settings,
)
from strongroom.types import Profile, RoomId

ROOM = RoomId(f"room-{'a' * 26}")
HOME = Domain(name="home", custodian="file:custodians/home", store="folder:stores/home")
SETTINGS = Settings(
    folder=Path("somewhere"),
    room=ROOM,
    profile=Profile.SOLO,
    database="sqlite+pysqlite:///room.db",
    keys={"checkpoint": "00" * 32},
    domains=(HOME,),
)


def loaded(folder: Path, text: str | bytes) -> Settings:
    data = text.encode() if isinstance(text, str) else text
    (folder / FILE_NAME).write_bytes(data)
    return load_settings(folder)


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("policy", [None, Path("rules")])
def test_settings_come_back(
    tmp_path: Path, profile: Profile, policy: Path | None
) -> None:
    settings = replace(
        SETTINGS,
        folder=tmp_path,
        profile=profile,
        policy=policy,
        sandbox="elsewhere",
        domains=(HOME, replace(HOME, name="far-2")),
        recovery=(
            PinnedSet(
                key="recovery-a",
                domains=("home", "far-2"),
                set_id=18423,
                shares=5,
                threshold=3,
            ),
        ),
    )

    assert loaded(tmp_path, settings.to_toml()) == settings
    assert settings.home.name == "home"
    assert settings.origin == f"strongroom.local/{ROOM}"


@pytest.mark.parametrize("line", ["", "format = 2", 'format = "1"', "format = 0"])
def test_a_file_of_another_format_is_refused(tmp_path: Path, line: str) -> None:
    text = SETTINGS.to_toml().replace("format = 1", line)

    with pytest.raises(SetupError, match="format"):
        loaded(tmp_path, text)


def test_a_folder_without_a_room_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no room in") as caught:
        load_settings(tmp_path)

    assert "strongroom init" in caught.value.hint


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()

    with pytest.raises(SetupError, match="cannot be read"):
        load_settings(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "room",
        b"\xff",
        "x = " + "[" * 20_000,
        "#" * (MAX_FILE_BYTES + 1),
        SETTINGS.to_toml().replace('"solo"', '"palace"'),
        SETTINGS.to_toml().replace("[keys]", "[locks]"),
        SETTINGS.to_toml().replace("[[domain]]", "[domain]"),
        SETTINGS.to_toml().replace('name = "home"', 'name = "Home"'),
        SETTINGS.to_toml().replace("store = ", "shop = "),
        SETTINGS.to_toml().partition("[[domain]]")[0],
        SETTINGS.to_toml() + "[witnesses]\n",
        *(f"second_since = {n}\n{SETTINGS.to_toml()}" for n in (0, -1, 1.5, "true")),
        *(f"second_key = {n}\n{SETTINGS.to_toml()}" for n in (0, -1, "true")),
        f'custodians = "1"\n{SETTINGS.to_toml()}',
        'keys = 1\ndomain = "x"\n' + SETTINGS.to_toml().partition("[keys]")[0],
    ],
    ids=range(21),
)
def test_a_file_that_is_not_understood_stops_the_start(
    tmp_path: Path, text: str | bytes
) -> None:
    with pytest.raises(SetupError):
        loaded(tmp_path, text)


@pytest.mark.parametrize(
    "names", [(), ("home", "home"), tuple(f"d{n}" for n in range(9))]
)
def test_domains_are_one_to_eight_of_their_own_names(names: tuple[str, ...]) -> None:
    with pytest.raises(SetupError, match="one to eight"):
        replace(SETTINGS, domains=tuple(replace(HOME, name=n) for n in names))
