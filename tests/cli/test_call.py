"""What every command is given: the room, its lock, who acts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
import typer

from strongroom.cli.call import Call, command_of
from strongroom.cli.output import Output
from strongroom.errors import SetupError
from tests.cli.terminal import Terminal


def greet(call: Call, name: str, loud: Annotated[bool, typer.Option()] = False) -> None:
    """Greet."""
    call.output.say({"name": name, "loud": loud, "room": str(call.room)}, name)


def test_a_function_becomes_a_command_with_the_shared_options(
    capsys: pytest.CaptureFixture[str],
) -> None:
    command = command_of("greet", greet)

    command.main(["ada", "--loud", "--json", "--room", "r"], standalone_mode=False)

    said = capsys.readouterr().out
    assert said == '{"name": "ada", "loud": true, "room": "r"}\n'


def test_a_call_without_a_room_says_how_to_make_one(tmp_path: Path) -> None:
    call = Call(
        room=tmp_path / "none",
        passphrase_files=(),
        passphrase_fd=None,
        state=None,
        output=Output(),
    )

    with pytest.raises(SetupError, match="no room") as caught:
        call.settings()

    assert "strongroom init" in caught.value.hint


def test_only_the_home_custodian_is_unlocked_unless_weights_are_touched(
    solo: Terminal,
) -> None:
    call = Call(
        room=solo.folder,
        passphrase_files=(str(solo.passphrase_file),),
        passphrase_fd=None,
        state=solo.runtime / "state",
        output=Output(),
    )

    with call.open() as room:
        assert room.bound

    assert not call.locked()


def test_a_room_may_be_named_on_every_command(solo: Terminal) -> None:
    folder, solo.folder = solo.folder, Path("/nonexistent")

    assert solo.run("model", "list").status == 78
    assert solo.run("model", "list", "--room", folder).status == 0
