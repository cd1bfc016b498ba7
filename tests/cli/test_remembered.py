"""What this user saw last of a room, kept where the room's owner does not reach."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from strongroom.cli import remembered
from strongroom.errors import SetupError
from strongroom.settings import load_settings
from tests.cli.terminal import Terminal


def memory(terminal: Terminal) -> Path:
    """Return the one file with what this terminal saw."""
    (found,) = (terminal.runtime / "state").iterdir()
    return found


def put_back(terminal: Terminal, before: Path) -> None:
    """Put a whole room back, custodians included."""
    shutil.rmtree(terminal.folder)
    shutil.copytree(before, terminal.folder)


@pytest.fixture
def before(solo: Terminal, quick: Path) -> Path:
    """Give yesterday's copy of a room that this terminal went on using."""
    solo.ok("project", "add", "one")
    shutil.copytree(solo.folder, quick / "yesterday")
    solo.ok("project", "add", "two")
    return quick / "yesterday"


def test_every_command_keeps_the_newest_checkpoint_for_its_user_alone(
    solo: Terminal,
) -> None:
    solo.ok("model", "list")
    first = memory(solo).read_bytes()

    solo.ok("project", "add", "vision")

    assert memory(solo).read_bytes() != first
    assert memory(solo).stat().st_mode & 0o777 == 0o600
    assert memory(solo).name == f"{load_settings(solo.folder).room}.checkpoint"


def test_what_a_command_itself_wrote_is_remembered(solo: Terminal) -> None:
    """It was kept at the start of a command only, so the newest act was forgotten."""
    solo.ok("project", "add", "vision")
    size = int(memory(solo).read_text().splitlines()[1])

    assert size == solo.ok("ledger", "verify")["entries"]


def test_each_user_has_a_folder_of_their_own() -> None:
    assert remembered.own_state().name == "strongroom"
    assert remembered.own_state().is_absolute()


def test_a_script_without_a_home_may_name_a_folder(solo: Terminal, quick: Path) -> None:
    solo.environment["STRONGROOM_STATE"] = "/proc/nowhere"

    refused = solo.run("model", "list")
    done = solo.run("model", "list", "--state", quick / "mine")

    assert refused.status == 69
    assert "--state DIR" in refused.err
    assert done.status == 0
    assert len(list((quick / "mine").iterdir())) == 1


def test_init_finds_out_before_it_makes_anything(solo: Terminal, quick: Path) -> None:
    """The room was made, and its invitations were lost in the error."""
    for state, status in (("/proc/nowhere", 69), (quick / "new" / "state", 78)):
        done = solo.run("init", quick / "new", "--state", state)
        assert done.status == status
        assert not (quick / "new").exists()


# An attacker puts the whole room back, or another one in its place.


@pytest.mark.parametrize("words", [("model", "list"), ("requests",), ("clean",)])
def test_a_room_put_back_whole_is_refused(
    solo: Terminal, before: Path, words: tuple[str, ...]
) -> None:
    """MITRE ATT&CK T1565.001: the custodians went back too, so only users know."""
    put_back(solo, before)

    done = solo.run(*words)

    assert done.status == 71
    assert "you saw 9 entries of this ledger, and now it has 8" in done.err
    assert f"remove {memory(solo)}" in done.err


@pytest.mark.parametrize("words", [("prove", "2"), ("export", "out")])
def test_an_older_room_proves_nothing_while_locked(
    solo: Terminal, before: Path, quick: Path, words: tuple[str, ...]
) -> None:
    put_back(solo, before)
    solo.unlocked = False
    place = [quick / "out"] if words[0] == "export" else words[1:]

    assert solo.run("ledger", words[0], *place).status == 71
    assert not (quick / "out").exists()


@pytest.mark.parametrize("unlocked", [True, False])
def test_verify_names_an_older_room_among_its_findings(
    solo: Terminal, before: Path, unlocked: bool
) -> None:
    put_back(solo, before)
    solo.unlocked = unlocked

    done = solo.run("ledger", "verify", "--json")

    assert done.status == 76
    (finding,) = done.json["findings"]
    assert "an older room was put back" in finding


def test_a_program_is_told_why(solo: Terminal, before: Path) -> None:
    put_back(solo, before)

    said = json.loads(solo.run("model", "list", "--json").err)

    assert said["kind"] == "ForkError"
    assert "an older room was put back" in said["error"]
    assert "remove" in said["hint"]


def test_a_room_that_went_another_way_is_refused(
    solo: Terminal, before: Path, quick: Path
) -> None:
    """MITRE ATT&CK T1565.001: the older room, made longer than what was seen."""
    put_back(solo, before)
    attacker = Terminal(folder=solo.folder, runtime=quick / "attacker")
    attacker.runtime.mkdir(mode=0o700)
    for name in ("three", "four"):
        attacker.ok("project", "add", name)

    done = solo.run("model", "list")

    assert done.status == 71
    assert "the first 9 entries are not those that you saw" in done.err


def test_whoever_put_it_back_themselves_may_go_on(solo: Terminal, before: Path) -> None:
    put_back(solo, before)
    memory(solo).unlink()

    assert solo.run("model", "list").status == 0


def test_it_is_never_kept_inside_the_room(solo: Terminal, quick: Path) -> None:
    (quick / "link").symlink_to(solo.folder)
    settings = load_settings(solo.folder)
    for folder in (solo.folder, solo.folder / "state", quick / "link" / "x"):
        with pytest.raises(SetupError, match="inside the room") as caught:
            remembered.checkpoint_path(settings, folder)
        assert "--state" in caught.value.hint


def test_a_file_that_is_no_checkpoint_is_refused_and_kept(solo: Terminal) -> None:
    solo.ok("model", "list")
    memory(solo).write_bytes(b"not one")

    done = solo.run("model", "list")

    assert done.status == 76
    assert memory(solo).read_bytes() == b"not one"
