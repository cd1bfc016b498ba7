"""Small files are written whole, privately, and never over another by accident."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from strongroom.crypto.durable import (
    make_folder,
    remove_durably,
    sync_folder,
    write_durably,
)
from strongroom.errors import ConflictError, UnavailableError


def test_a_file_is_whole_and_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "one"
    write_durably(path, b"content", os.urandom)

    assert path.read_bytes() == b"content"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_there_is_named_and_left(tmp_path: Path) -> None:
    """Whatever it was, the refusal once called it a custodian."""
    path = tmp_path / "one"
    write_durably(path, b"first", os.urandom)

    with pytest.raises(ConflictError, match="there is a file at"):
        write_durably(path, b"second", os.urandom)
    with pytest.raises(ConflictError, match="there is a custodian at"):
        write_durably(path, b"second", os.urandom, what="a custodian")
    assert path.read_bytes() == b"first"
    write_durably(path, b"second", os.urandom, overwrite=True)
    assert path.read_bytes() == b"second"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        write_durably(tmp_path / "absent" / "one", b"", os.urandom)


def test_files_are_removed_and_what_is_absent_stays_so(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("one", "two", "three")]
    for path in paths[:2]:
        write_durably(path, b"", os.urandom)

    remove_durably(*paths)
    remove_durably()

    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_made_with_those_above_it_and_may_be_there(tmp_path: Path) -> None:
    folder, usual = tmp_path / "a" / "b" / "c", tmp_path / "usual"
    usual.mkdir()

    make_folder(folder)
    make_folder(folder)
    make_folder(tmp_path / "mine", mode=0o700)

    assert folder.stat().st_mode == usual.stat().st_mode
    assert stat.S_IMODE((tmp_path / "mine").stat().st_mode) == 0o700


def test_a_folder_that_is_gone_is_not_synced(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sync_folder(tmp_path / "absent")
