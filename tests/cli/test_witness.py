"""``strongroom ledger witness`` at the desk of a witness, who has no room."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from http import HTTPStatus
from pathlib import Path

import pytest

from strongroom.crypto.mldsa import MlDsaSigner
from strongroom.ledger.second import second_key_text
from strongroom.ledger.witness_socket import SocketWitness
from strongroom.types import Secret
from tests.cli.terminal import Done, type_command
from tests.ledger.exports import ledger_of
from tests.ledger.witnesses import NAME, body, only_file

LEDGER = ledger_of(20)
FORK = ledger_of(20)
FORK.entries[2] = b'{"v":1}'
WITNESS = ("ledger", "witness")
SECOND = MlDsaSigner(Secret(bytes(range(32))))


def type_(*words: str | Path, passphrase: Path | None = None) -> Done:
    environment = {"COLUMNS": "100"}
    if passphrase is not None:
        environment["STRONGROOM_PASSPHRASE_FILE"] = str(passphrase)
    return type_command(*WITNESS, *map(str, words), environment=environment)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """Give the folder of a witness with a plain key that watches a ledger."""
    folder = tmp_path / "witness"
    assert type_("init", folder, "--name", NAME, "--plain").status == 0
    assert type_("watch", folder, LEDGER.key.text()).status == 0
    return folder


def asked(folder: Path, content: bytes) -> Path:
    path = folder.parent / "asked"
    path.write_bytes(content)
    return path


def test_a_witness_prints_the_key_to_give_away(tmp_path: Path) -> None:
    done = type_("init", tmp_path / "w", "--name", NAME, "--plain")

    assert done.status == 0
    assert done.out.splitlines()[0] == (tmp_path / "w/key.pub").read_text().strip()
    assert "the key is plain" in done.err


def test_a_key_under_a_passphrase_opens_with_it(tmp_path: Path) -> None:
    folder, secret = tmp_path / "w", tmp_path / "secret"
    secret.write_text("a passphrase of some length\n")
    wrong = tmp_path / "wrong"
    wrong.write_text("another passphrase\n")
    assert type_("init", folder, "--name", NAME, passphrase=secret).status == 0
    assert type_("watch", folder, LEDGER.key.text()).status == 0
    question = ("cosign", folder, "--request", asked(folder, body(LEDGER, 0, 9)))

    assert type_(*question, passphrase=wrong).status == 77
    assert type_(*question).status == 78
    assert type_(*question, passphrase=secret).status == 0


def test_a_request_is_answered_from_file_to_file(desk: Path) -> None:
    answer = desk.parent / "answer"

    done = type_(
        "cosign", desk, "--request", asked(desk, body(LEDGER, 0, 9)), "--to", answer
    )

    assert done.status == 0
    assert answer.read_text() == done.out
    assert answer.read_text().startswith(f"\N{EM DASH} {NAME} ")


def test_a_wrong_start_is_refused_with_the_size(desk: Path) -> None:
    type_("cosign", desk, "--request", asked(desk, body(LEDGER, 0, 9)))

    done = type_("cosign", desk, "--request", asked(desk, body(LEDGER, 3, 20)))

    assert done.status == 77
    assert "not cosigned (409): the newest checkpoint cosigned here has 9" in done.err


def test_a_fork_is_shouted_with_its_proof(desk: Path) -> None:
    type_("cosign", desk, "--request", asked(desk, body(LEDGER, 0, 20)))

    done = type_("cosign", desk, "--request", asked(desk, body(FORK, 20)))

    assert done.status == 71
    assert "signed two roots for 20 entries: proof of it is in" in done.err
    assert "hint: tell everybody" in done.err


def test_a_witness_that_forgot_says_what_to_bring(desk: Path, tmp_path: Path) -> None:
    question = ("cosign", desk, "--request", asked(desk, body(LEDGER, 0, 9)))
    type_(*question)
    only_file(desk / "seen").unlink()

    done = type_(*question)
    again = type_("watch", desk, LEDGER.key.text())
    (tmp_path / "newest").write_text(LEDGER.note(9))
    told = type_("watch", desk, LEDGER.key.text(), "--newest", tmp_path / "newest")

    assert done.status == 77
    assert "this witness lost what it saw" in done.err
    assert again.status == 78
    assert "--newest CHECKPOINT" in again.err
    assert (told.status, "from 9 entries on" in told.out) == (0, True)


def test_a_second_key_is_demanded_from_now_on_and_no_more(desk: Path) -> None:
    key = second_key_text(LEDGER.key.origin, SECOND.public)
    question = ("cosign", desk, "--request", asked(desk, body(LEDGER, 0, 9)))
    watch = ("watch", desk, LEDGER.key.text(), "--second")

    told = type_(*watch, key)
    assert (told.status, "has to sign twice" in told.out) == (0, True)
    done = type_(*question)
    assert (done.status, "lacks the second signature" in done.err) == (77, True)
    told = type_(*watch, "none")
    assert (told.status, "has to sign once" in told.out) == (0, True)
    assert type_(*question).status == 0
    assert type_(*watch, "nonsense").status == 65


def test_a_ledger_can_be_watched_under_both_keys_from_its_beginning(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "w"
    key = second_key_text(LEDGER.key.origin, SECOND.public)
    type_("init", folder, "--name", NAME, "--plain")
    assert type_("watch", folder, LEDGER.key.text(), "--second", key).status == 0
    question = ("cosign", folder, "--request", asked(folder, body(LEDGER, 0, 9)))

    assert "lacks the second signature" in type_(*question).err


@pytest.mark.parametrize("key", ["nonsense", "a+b+c"])
def test_what_is_no_key_of_a_ledger_is_refused(key: str, desk: Path) -> None:
    assert type_("watch", desk, key).status == 65


def test_files_that_are_not_there_are_named(desk: Path, tmp_path: Path) -> None:
    assert type_("cosign", desk, "--request", tmp_path / "absent").status == 66
    assert type_("cosign", tmp_path, "--request", tmp_path / "absent").status == 66


def test_a_witness_is_served_until_interrupted(desk: Path, tmp_path: Path) -> None:
    socket = tmp_path / "socket"
    command = [sys.executable, "-m", "strongroom", *WITNESS, "serve", str(desk)]
    with subprocess.Popen(
        [*command, "--socket", str(socket)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    ) as process:
        assert process.stdout is not None
        assert "answers on" in process.stdout.readline()
        link = SocketWitness(socket, seconds=30)
        answer = link.add_checkpoint(body(LEDGER, 0, 9))
        busy = type_("cosign", desk, "--request", asked(desk, body(LEDGER, 9)))
        link.add_checkpoint(body(LEDGER, 0, 9))
        time.sleep(0)
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=60)

    assert answer.status is HTTPStatus.OK
    assert busy.status == 73
    assert "another process answers" in busy.err
    assert "200 strongroom.example/room-7: cosigned 9 entries" in complaints
    assert "409 " in complaints
    assert process.returncode == 130
    assert not socket.exists()
