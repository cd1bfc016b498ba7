"""What lies on the disk is listed whole, or refused by name."""

from __future__ import annotations

import os
import socket
from contextlib import chdir
from pathlib import Path

import pytest

from strongroom.errors import InputError, MissingError
from strongroom.intake import listing
from strongroom.intake.names import MOST_DEPTH


def write(path: Path, data: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_folders_that_hold_nothing_are_found(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    write(tmp_path / "c" / "file")

    assert listing.empty_folders(tmp_path) == ["a/b"]
    assert listing.empty_folders(tmp_path / "c" / "file") == []


def test_every_file_is_listed_in_order_hidden_ones_too(tmp_path: Path) -> None:
    for name in ["b/c", "a", ".hidden", ".cache/x", "b.txt"]:
        write(tmp_path / name)

    folder, names = listing.list_files(tmp_path)

    assert folder == tmp_path
    assert names == [".cache/x", ".hidden", "a", "b.txt", "b/c"]


def test_one_file_is_listed_by_its_name(tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors")

    assert listing.list_files(path) == (tmp_path, ["m.safetensors"])


@pytest.mark.parametrize("name", [".git", ".hg", ".svn", "sub/.git"])
def test_a_history_is_refused_not_skipped(tmp_path: Path, name: str) -> None:
    write(tmp_path / "a")
    write(tmp_path / name / "objects")

    with pytest.raises(InputError, match="history"):
        listing.list_files(tmp_path)


@pytest.mark.parametrize("name", [b"\xff", b"a\nb", b"a\x1b[31m", b"\xe2\x80\xae"])
def test_a_name_that_cannot_be_shown_is_refused(tmp_path: Path, name: bytes) -> None:
    with open(os.fsencode(tmp_path) + b"/" + name, "wb"):
        pass

    with pytest.raises(InputError, match="control character"):
        listing.list_files(tmp_path)


def test_names_that_differ_only_in_case_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "README.md")
    write(tmp_path / "readme.md")

    with pytest.raises(InputError, match="same place"):
        listing.list_files(tmp_path)


def test_nothing_an_empty_folder_and_a_bad_path_are_refused(tmp_path: Path) -> None:
    (tmp_path / "only" / "folders").mkdir(parents=True)

    with pytest.raises(InputError):
        listing.list_files(tmp_path)
    for path in [tmp_path / "none", tmp_path / ("x" * 300), Path("a\0b")]:
        with pytest.raises(MissingError):
            listing.list_files(path)


def test_a_folder_is_called_by_its_name_also_where_one_stands_in_it(
    tmp_path: Path,
) -> None:
    """``intake add .`` said that '' holds no files."""
    (tmp_path / "bare").mkdir()

    here = chdir(tmp_path / "bare")
    with here, pytest.raises(InputError, match=r"^'bare' holds no files"):
        listing.list_files(Path())


def test_a_link_to_a_folder_is_refused_before_it_can_loop(tmp_path: Path) -> None:
    write(tmp_path / "a")
    (tmp_path / "again").symlink_to(tmp_path)

    with pytest.raises(InputError, match="link to a folder"):
        listing.list_files(tmp_path)


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(InputError):
        listing.list_files(tmp_path)


def test_folders_nested_too_deep_are_refused(tmp_path: Path) -> None:
    """Once, a path was refused that lay as deep as folders may."""
    deepest = tmp_path.joinpath(*["d"] * MOST_DEPTH)
    write(deepest / "a")
    assert listing.list_files(tmp_path)[1] == ["d/" * MOST_DEPTH + "a"]
    write(deepest / "d" / "a")

    with pytest.raises(InputError, match="nested"):
        listing.list_files(tmp_path)


def test_more_files_than_the_cap_are_refused_without_listing_all(
    tmp_path: Path,
) -> None:
    for number in range(20):
        write(tmp_path / str(number))

    assert len(listing.list_files(tmp_path)[1]) == 20
    with pytest.raises(InputError, match="more than 19"):
        listing.list_files(tmp_path, most=19)


def test_a_socket_a_pipe_and_a_device_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))

        for path in [tmp_path / "pipe", tmp_path / "socket", Path("/dev/null")]:
            with pytest.raises(InputError, match="no regular file"):
                listing.list_files(path)
            with (
                pytest.raises(InputError, match="no regular file"),
                listing.open_regular(path, "it"),
            ):
                pass


def test_an_error_of_the_disk_is_not_the_callers_fault(tmp_path: Path) -> None:
    gone = listing.unreadable("a", OSError(5, "Input/output error"))
    forbidden = listing.unreadable("a", PermissionError(13, "Permission denied"))

    assert type(gone).__name__ == "UnavailableError"
    assert type(forbidden).__name__ == "InputError"
