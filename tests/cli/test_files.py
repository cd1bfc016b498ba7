"""Reading a file that was named on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.cli.files import read_file, verify_there
from strongroom.errors import InputError, MissingError, UnavailableError


def test_a_file_comes_back_whole_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "asked"
    path.write_bytes(b"1234")

    assert read_file(path, at_most_bytes=4) == b"1234"


def test_a_longer_file_is_refused_and_not_cut(tmp_path: Path) -> None:
    """Once, a checkpoint was cut at its limit, and its signature was then blamed."""
    path = tmp_path / "note"
    path.write_bytes(b"12345")

    with pytest.raises(InputError, match="note is over 4 bytes"):
        read_file(path, at_most_bytes=4)


def test_what_is_not_there_and_what_is_no_file_say_so(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="there is no file"):
        read_file(tmp_path / "absent", at_most_bytes=4)
    with pytest.raises(UnavailableError, match="Is a directory"):
        read_file(tmp_path, at_most_bytes=4)


def test_a_file_without_an_end_is_read_up_to_the_limit() -> None:
    """A device or a pipe that never ends once took all memory."""
    with pytest.raises(InputError, match="over 1024 bytes"):
        read_file(Path("/dev/zero"), at_most_bytes=1024)


@pytest.mark.parametrize("path", ["none", "x" * 300, "file/below", "a\0b", "loop"])
def test_what_leads_nowhere_is_missing(tmp_path: Path, path: str) -> None:
    """A path too long for any disk ended in a bug of ours."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "loop").symlink_to("loop")

    verify_there(tmp_path / "file")
    with pytest.raises(MissingError, match="there is no file or folder"):
        verify_there(tmp_path / path)
