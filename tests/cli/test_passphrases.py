"""Secrets come from files, descriptors, and people; from nowhere else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.cli import passphrases
from strongroom.errors import InputError, MissingError, SetupError
from strongroom.types import Secret
from tests.cli.terminal import PASSPHRASE, Terminal

KNOWN = ("architecture", "biases", "weights")


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def find(*files: str, domains: tuple[str, ...] = KNOWN) -> dict[str, Secret]:
    return passphrases.find(domains, known=KNOWN, files=files, descriptor=None)


def test_one_file_is_for_every_domain(tmp_path: Path) -> None:
    found = find(write(tmp_path / "p", "secret\n"))

    assert found == dict.fromkeys(KNOWN, Secret(b"secret"))


def test_a_domain_may_have_its_own(tmp_path: Path) -> None:
    one, two = write(tmp_path / "1", "one"), write(tmp_path / "2", "two\r\n")

    found = find(one, f"weights={two}")

    assert found["weights"] == Secret(b"two")
    assert found["biases"] == Secret(b"one")


def test_a_domain_without_a_passphrase_stays_locked(tmp_path: Path) -> None:
    assert set(find(f"biases={write(tmp_path / 'p', 'x')}")) == {"biases"}


def test_a_domain_that_the_room_does_not_have_is_named() -> None:
    with pytest.raises(InputError, match="no custody domain 'wieghts'") as caught:
        find("wieghts=file")

    assert "architecture, biases, weights" in caught.value.hint


def test_a_file_with_an_equals_sign_in_its_name_is_a_file(tmp_path: Path) -> None:
    assert find(write(tmp_path / "a=b", "x"))["biases"] == Secret(b"x")


def test_a_descriptor_is_read_once() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"from a pipe\n")
    os.close(writing)

    found = passphrases.find(KNOWN, known=KNOWN, files=(), descriptor=reading)

    os.close(reading)
    assert found == dict.fromkeys(KNOWN, Secret(b"from a pipe"))


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="there is no file"):
        find(str(tmp_path / "absent"))


@pytest.mark.parametrize("text", ["", "\n", "x" * 1025])
def test_a_line_without_a_secret_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="holds no secret") as caught:
        find(write(tmp_path / "p", text))

    assert "xxxx" not in str(caught.value)


@given(st.binary(min_size=1, max_size=1024).filter(lambda b: b"\n" not in b))
def test_what_a_file_says_is_taken_byte_for_byte(secret: bytes) -> None:
    if secret.endswith(b"\r"):
        return
    reading, writing = os.pipe()
    os.write(writing, secret + b"\n")
    os.close(writing)

    assert passphrases.read_secret(f"/dev/fd/{reading}") == Secret(secret)
    os.close(reading)


def test_nobody_at_the_terminal_is_an_error_and_not_a_wait() -> None:
    with pytest.raises(SetupError, match="nobody is there to type"):
        passphrases.type_secret("Passphrase", hint="--passphrase-file FILE")


# An attacker reads the process list and the environment.


def test_no_option_takes_a_secret_itself(solo: Terminal) -> None:
    for words in (["login"], ["account", "enrol"], ["init"], ["seal"]):
        shown = solo.run(*words, "--help").out
        for name in ("--passphrase ", "--password ", "--code ", "--invitation "):
            assert name not in shown


def test_a_secret_in_the_environment_is_not_one(solo: Terminal) -> None:
    solo.unlocked = False
    solo.environment["STRONGROOM_PASSPHRASE"] = PASSPHRASE

    assert solo.run("model", "list").status == 78


def test_a_wrong_passphrase_is_denied_and_not_repeated(
    solo: Terminal, tmp_path: Path
) -> None:
    wrong = write(tmp_path / "wrong", "tr0ub4dor")

    done = solo.run("model", "list", "--passphrase-file", wrong)

    assert (done.status, done.out) == (77, "")
    assert "tr0ub4dor" not in done.err


def test_what_a_person_types_is_not_shown(solo: Terminal) -> None:
    keyboard, screen = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "strongroom", "project", "list"],
        stdin=screen,
        stdout=screen,
        stderr=screen,
        start_new_session=True,
        env={**os.environ, "STRONGROOM_ROOM": str(solo.folder), "COLUMNS": "80"},
    )
    os.close(screen)
    shown = b""
    while b"Passphrase: " not in shown:
        shown += os.read(keyboard, 1024)
    os.write(keyboard, PASSPHRASE.encode() + b"\n")
    while b"default" not in shown:
        shown += os.read(keyboard, 1024)

    assert process.wait() == 0
    os.close(keyboard)
    assert PASSPHRASE.encode() not in shown
