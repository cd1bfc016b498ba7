"""The files of a witness."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
from pathlib import Path

import pytest

from strongroom.crypto.signing import SigningKey
from strongroom.errors import (
    ConflictError,
    InputError,
    IntegrityError,
    MissingError,
    SetupError,
    UnavailableError,
)
from strongroom.ledger.checkpoint import parse_text
from strongroom.ledger.cosignature import cosign
from strongroom.ledger.note import split_note
from strongroom.ledger.witness_folder import (
    LOGS,
    PUBLIC,
    Seen,
    WitnessFolder,
    nothing_of,
    read_bounded,
)
from strongroom.types import Secret
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


def test_only_its_owner_reads_what_a_witness_keeps(tmp_path: Path) -> None:
    folder = watching(tmp_path / "deep" / "w", LEDGER)
    with folder.locked():
        kept = folder.keep_evidence(LEDGER.key, LEDGER.note(), LEDGER.note(3))

    modes = {
        path.relative_to(folder.path).parts[0]: path.stat().st_mode & 0o777
        for path in folder.path.iterdir()
    }
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert kept.stat().st_mode & 0o777 == 0o700
    assert {modes[name] for name in ("seen", "misbehaviour")} == {0o700}
    assert {modes[name] for name in ("key", "lock")} == {0o600}
    assert folder.key_path == folder.path / "key"


def test_evidence_that_is_kept_is_not_replaced(tmp_path: Path) -> None:
    folder = watching(tmp_path / "w", LEDGER)
    for other in (3, 4):
        kept = folder.keep_evidence(LEDGER.key, LEDGER.note(), LEDGER.note(other))

    assert (kept / "one").read_text() == LEDGER.note()
    assert (kept / "other").read_text() == LEDGER.note(3)


def test_when_it_signed_last_is_read_from_its_own_line(tmp_path: Path) -> None:
    folder = watching(tmp_path / "w", LEDGER)
    seed = folder.key_path.read_bytes().strip().split(b"+", 4)[-1]
    signer = SigningKey(Secret(base64.b64decode(seed)[1:]))
    for seconds in (7, 8):
        own = cosign(
            parse_text(split_note(LEDGER.note()).text),
            witness=folder.key(),
            sign=signer.sign_bytes,
            seconds=seconds,
        )
        folder.write_seen(LEDGER.key, LEDGER.note(), own)
        found = folder.seen(LEDGER.key)
        assert (found.seconds, lines_of(found.note)) == (seconds, 2)
    folder.write_seen(LEDGER.key, LEDGER.note())
    found = folder.seen(LEDGER.key)
    assert (found.seconds, found.note) == (0, LEDGER.note())
    folder.write_seen(LEDGER.key, "")
    assert folder.seen(LEDGER.key) == Seen(checkpoint=nothing_of(LEDGER.key.origin))


def test_what_was_seen_and_is_no_text_is_refused(tmp_path: Path) -> None:
    folder = watching(tmp_path / "w", LEDGER)
    (path,) = (folder.path / "seen").iterdir()
    path.write_bytes(b"\xff")

    with pytest.raises(IntegrityError, match="what this witness saw is no text"):
        folder.seen(LEDGER.key)


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")

    assert read_bounded(tmp_path / "file", 5) == b"12345"
    with pytest.raises(IntegrityError, match="is over 4 bytes"):
        read_bounded(tmp_path / "file", 4)
    with pytest.raises(MissingError, match="is not there"):
        read_bounded(tmp_path / "none", 4)


def test_a_folder_that_cannot_be_used_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UnavailableError):
        made(tmp_path / "file" / "w")
    folder = watching(tmp_path / "w", LEDGER)
    (folder.path / "lock").unlink(missing_ok=True)
    (folder.path / "lock").symlink_to(tmp_path / "file")
    with pytest.raises(UnavailableError), folder.locked():
        pass
    (folder.path / "misbehaviour").rmdir()
    with pytest.raises(UnavailableError):
        folder.keep_evidence(LEDGER.key, LEDGER.note(), LEDGER.note())
