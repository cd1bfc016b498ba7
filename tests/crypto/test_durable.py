"""Small files are written whole, privately, and never over another by accident."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from strongroom.crypto.durable import write_durably
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
