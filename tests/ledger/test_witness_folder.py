"""The files of a witness."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest

from strongroom.errors import ConflictError, InputError, MissingError, SetupError
from strongroom.ledger.checkpoint import parse_text
from strongroom.ledger.cosignature import cosign
from strongroom.ledger.note import split_note
from strongroom.ledger.witness_folder import LOGS, PUBLIC, WitnessFolder
from tests.ledger.exports import cosigned, ledger_of, signing_key, witness_key
from tests.ledger.witnesses import NAME, lines_of, made, watching

LEDGER = ledger_of(9)


def test_a_new_witness_has_a_key_and_watches_nothing(tmp_path: Path) -> None:
    folder = made(tmp_path / "w")

    assert folder.key().name == NAME
    assert folder.logs() == {}
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700


def test_its_files_are_those_of_the_specification(tmp_path: Path) -> None:
    folder = watching(tmp_path / "w", LEDGER)
    with folder.locked():
        folder.keep_evidence(LEDGER.key, LEDGER.note(), LEDGER.note())

    files = (path for path in folder.path.rglob("*") if path.is_file())
    name = hashlib.sha256(LEDGER.key.origin.encode()).hexdigest()
    assert {path.relative_to(folder.path).as_posix() for path in files} == {
        *("key", "key.pub", "lock", "logs", f"seen/{name}"),
        *(f"misbehaviour/{name[:16]}-9/{which}" for which in ("one", "other")),
    }


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "something").touch()

    with pytest.raises(ConflictError):
        made(tmp_path)


def test_a_folder_without_a_witness_is_named(tmp_path: Path) -> None:
    folder = WitnessFolder(tmp_path, random=os.urandom)

    for read in (folder.key, folder.logs):
        with pytest.raises(MissingError):
            read()


def test_only_the_ledgers_own_line_and_ours_are_kept(tmp_path: Path) -> None:
    """Lines of others would let a stranger fill the disk."""
    folder = watching(tmp_path / "w", LEDGER)
    note = cosigned(cosigned(LEDGER.note(), 4), 5)
    ours = cosign(
        parse_text(split_note(note).text),
        witness=witness_key(1),
        sign=signing_key(1).sign_bytes,
        seconds=7,
    )

    folder.write_seen(LEDGER.key, note, ours)

    kept = folder.seen(LEDGER.key)
    assert kept.checkpoint.size == 9
    assert lines_of(kept.note) == 2
    assert kept.seconds == 0  # the line is of another key than this witness's


def test_nothing_seen_yet_is_not_the_same_as_forgotten(tmp_path: Path) -> None:
    folder = watching(tmp_path / "w", LEDGER)
    assert folder.seen(LEDGER.key).checkpoint.size == 0

    for path in (folder.path / "seen").iterdir():
        path.unlink()

    with pytest.raises(SetupError, match="lost what it saw"):
        folder.seen(LEDGER.key)


@pytest.mark.parametrize("name", [PUBLIC, LOGS])
def test_a_damaged_file_is_refused(name: str, tmp_path: Path) -> None:
    folder = watching(tmp_path / "w", LEDGER)
    (folder.path / name).write_bytes(b"\xff nonsense")

    with pytest.raises(InputError):
        folder.key() if name == PUBLIC else folder.logs()


def test_what_would_block_inside_the_lock_is_not_taken_for_another_process(
    tmp_path: Path,
) -> None:
    """A BlockingIOError of whoever held the lock was said to be a second witness."""
    folder = made(tmp_path / "w")

    with pytest.raises(BlockingIOError), folder.locked():
        raise BlockingIOError
    with folder.locked(), pytest.raises(ConflictError), folder.locked():
        pass
