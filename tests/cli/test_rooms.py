"""``strongroom init``, and which room is meant."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from strongroom.cli.rooms import find_room
from tests.cli.terminal import PASSPHRASE, PASSWORD, Done, type_command


@pytest.fixture
def secrets(tmp_path: Path) -> list[str]:
    """Give the options that name a passphrase and a password."""
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    (tmp_path / "password").write_text(PASSWORD)
    return [
        "--passphrase-file",
        str(tmp_path / "passphrase"),
        "--password-file",
        str(tmp_path / "password"),
    ]


STANDARD = (
    *("--profile", "standard", "--name", "root", "--team", "office"),
    *("--approver", "ines:safety", "--approver", "tom:review"),
)


def init(folder: Path, *words: str) -> Done:
    return type_command("init", str(folder / "room"), *words)


def test_one_person_gets_a_room_and_the_next_steps(
    tmp_path: Path, secrets: list[str]
) -> None:
    done = init(tmp_path, "--name", "me", *secrets)

    assert (done.status, done.err) == (0, "")
    assert "A solo room in" in done.out
    assert "strongroom seal ./my-model" in done.out
    assert "whoever has the passphrase has everything" in done.out
    assert PASSPHRASE not in done.out


def test_a_house_gets_three_domains_and_invitations(
    tmp_path: Path, secrets: list[str]
) -> None:
    done = init(tmp_path, *STANDARD, "--json", *secrets)

    assert done.json["domains"] == ["architecture", "biases", "weights"]
    assert set(done.json["invitations"]) == {"ines", "tom"}


def test_a_hardened_house_begins_with_security_keys(
    tmp_path: Path, secrets: list[str]
) -> None:
    hardened = ["hardened" if word == "standard" else word for word in STANDARD]
    done = init(tmp_path, *hardened, "--passkeys", "weights.example", *secrets)

    assert done.status == 0
    assert "strongroom account passkey add" in done.out
    text = (tmp_path / "room" / "room.toml").read_text()
    assert 'origins = ["https://weights.example"]' in text


def test_a_small_house_begins_with_two_of_one_team(
    tmp_path: Path, secrets: list[str]
) -> None:
    words = ["--profile", "small", "--name", "ada", "--team", "lab"]
    done = init(tmp_path, *words, "--approver", "bo:lab", "--json", *secrets)

    assert done.json["domains"] == ["home"]
    assert set(done.json["invitations"]) == {"bo"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--profile", "standard"), "three different teams"),
        (("--approver", "ines:safety"), "a solo room has one person"),
        (("--approver", "ines"), "is no approver"),
        (("--profile", "small"), "begins with two people"),
        (("--passkeys", "not a domain"), "no domain for passkeys"),
        (("--name", "A B"), "is no name for an account"),
    ],
)
def test_people_who_do_not_fit_the_profile_leave_no_room(
    tmp_path: Path, secrets: list[str], words: tuple[str, ...], said: str
) -> None:
    done = init(tmp_path, *words, *secrets)

    assert done.status == 65
    assert said in done.err
    assert not (tmp_path / "room").exists()


def test_one_passphrase_for_every_domain_is_named_as_a_missing_separation(
    tmp_path: Path, secrets: list[str]
) -> None:
    apart = [f"--passphrase-file={d}={tmp_path / d}" for d in ("biases", "weights")]
    for domain in ("biases", "weights"):
        (tmp_path / domain).write_text(f"another one for {domain}")
    (tmp_path / "1").mkdir()

    same = init(tmp_path / "1", *STANDARD, *secrets)
    different = init(tmp_path, *STANDARD, *secrets, *apart)

    assert "one passphrase opens every custody domain" in same.out
    assert "one passphrase" not in different.out


def test_a_folder_that_holds_something_is_not_touched(
    tmp_path: Path, secrets: list[str]
) -> None:
    kept = tmp_path / "room" / "thesis.txt"
    kept.parent.mkdir()
    kept.write_text("mine")

    done = init(tmp_path, *secrets)

    assert done.status == 73
    assert kept.read_text() == "mine"
    assert os.listdir(kept.parent) == ["thesis.txt"]


def test_a_room_is_not_made_twice(tmp_path: Path, secrets: list[str]) -> None:
    init(tmp_path, "--name", "me", *secrets)
    before = (tmp_path / "room" / "room.toml").read_bytes()

    done = init(tmp_path, "--name", "me", *secrets)

    assert done.status == 73
    assert "is a room already" in done.err
    assert (tmp_path / "room" / "room.toml").read_bytes() == before


def test_a_short_passphrase_is_no_password_and_leaves_no_room(tmp_path: Path) -> None:
    (tmp_path / "short").write_text("hunter2")

    done = init(tmp_path, "--name", "me", "--passphrase-file", str(tmp_path / "short"))

    assert done.status == 65
    assert not (tmp_path / "room").exists()


def test_the_room_is_the_named_one_or_the_near_one_or_the_own_one(
    tmp_path: Path,
) -> None:
    named = tmp_path / "named"
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        assert find_room(named) == named
        assert find_room(None).parts[-2:] == ("strongroom", "room")
        (tmp_path / "room").mkdir()
        (tmp_path / "room" / "room.toml").touch()
        assert find_room(None) == Path("room")
    finally:
        os.chdir(before)


# An attacker looks at the room that was made.


def test_no_file_of_a_new_room_holds_the_passphrase_or_is_for_others(
    tmp_path: Path, secrets: list[str]
) -> None:
    init(tmp_path, "--name", "me", *secrets)

    room = tmp_path / "room"
    assert room.stat().st_mode & 0o077 == 0
    for path in room.rglob("*"):
        if path.is_file():
            assert PASSPHRASE.encode() not in path.read_bytes()
