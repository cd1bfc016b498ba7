"""Logging in and out, and the file in which the token rests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from strongroom.cli import logins
from strongroom.errors import SetupError
from strongroom.types import RoomId, Secret
from tests.cli.conftest import Office
from tests.cli.terminal import PASSWORD, Terminal

ROOM = RoomId("room-1")


def token_file(terminal: Terminal) -> Path:
    (found,) = (terminal.runtime / "strongroom").glob("*.token")
    return found


def test_a_login_says_until_when_it_lasts(solo: Terminal) -> None:
    done = solo.run("login", "me", "--password-file", "-", stdin=PASSWORD)

    assert done.status == 0
    assert "me is logged in until" in done.out
    assert "without a second factor" in done.out


def test_the_token_is_for_nobody_else(solo: Terminal) -> None:
    solo.login("me")

    assert token_file(solo).stat().st_mode & 0o777 == 0o600
    assert token_file(solo).parent.stat().st_mode & 0o777 == 0o700


def test_logging_out_ends_the_session_also_for_a_copy_of_the_token(
    office: Office,
) -> None:
    ana = office.at("ana")
    copy = token_file(ana).read_bytes()
    path = token_file(ana)

    ana.ok("logout")
    path.write_bytes(copy)
    path.chmod(0o600)

    done = ana.run("requests")
    assert done.status == 77
    assert "strongroom login NAME" in done.err


def test_nobody_acts_in_a_house_before_logging_in(office: Office) -> None:
    ana = office.at("ana")
    ana.ok("logout")

    for words in (["requests"], ["model", "list"], ["ledger", "tail"]):
        assert ana.run(*words).status == 77
    assert ana.run("logout").status == 77


@pytest.mark.parametrize("stdin", ["wrong password here\n", ""])
def test_a_wrong_password_is_denied_without_saying_what_is_wrong(
    solo: Terminal, stdin: str
) -> None:
    done = solo.run("login", "me", "--password-file", "-", stdin=stdin)

    assert done.status in {65, 77}
    assert stdin.strip() not in done.err or not stdin


def test_a_used_code_opens_nothing(office: Office) -> None:
    ana = office.at("ana")
    assert ana.phone is not None
    code = ana.phone.code()
    typed = f"{PASSWORD}\n{code}\n"
    words = ["login", "ana", "--password-file", "-", "--code-file", "-"]
    ana.run(*words, stdin=typed)

    assert ana.run(*words, stdin=typed).status == 77


# An attacker has another account on the machine.


def in_runtime(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    return folder


@pytest.fixture
def runtime(tmp_path: Path) -> object:
    """Give a runtime folder that the environment names."""
    before = os.environ.get("XDG_RUNTIME_DIR")
    yield in_runtime(tmp_path / "runtime")
    if before is None:
        del os.environ["XDG_RUNTIME_DIR"]
    else:
        os.environ["XDG_RUNTIME_DIR"] = before


def test_a_token_is_kept_and_read_again(runtime: Path) -> None:
    logins.write_token(ROOM, Secret(b"token"))
    logins.write_token(ROOM, Secret(b"newer"))

    assert logins.read_token(ROOM) == Secret(b"newer")
    assert len(list((runtime / "strongroom").iterdir())) == 1


def test_there_is_no_token_before_a_login(runtime: Path) -> None:
    assert logins.read_token(ROOM) is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_token_that_others_can_read_or_replace_is_refused(
    runtime: Path, mode: int
) -> None:
    logins.write_token(ROOM, Secret(b"token"))
    logins.token_path(ROOM).chmod(mode)

    with pytest.raises(SetupError, match="others can read or replace"):
        logins.read_token(ROOM)


def test_a_folder_that_others_can_write_to_is_refused(runtime: Path) -> None:
    (runtime / "strongroom").mkdir(mode=0o700)
    (runtime / "strongroom").chmod(0o777)

    with pytest.raises(SetupError, match="others can read or replace"):
        logins.write_token(ROOM, Secret(b"token"))


def test_a_link_laid_in_the_way_is_replaced_and_not_followed(runtime: Path) -> None:
    logins.write_token(ROOM, Secret(b"token"))
    path, victim = logins.token_path(ROOM), runtime / "victim"
    victim.write_text("precious")
    path.unlink()
    path.symlink_to(victim)

    logins.write_token(ROOM, Secret(b"newer"))

    assert victim.read_text() == "precious"
    assert not path.is_symlink()
