"""A hostile folder is looked at and never followed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from strongroom.sandboxes.folders import MOST_DEPTH, Found, walk


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    """Give a descriptor of the folder ``out`` beside a secret."""
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "out").mkdir()
    descriptor = os.open(tmp_path / "out", os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


def found(folder: int) -> dict[str, Found]:
    return {each.path: each for each in walk(folder)}


def test_files_and_folders_are_told_with_their_paths(
    folder: int, tmp_path: Path
) -> None:
    (tmp_path / "out" / "a").mkdir()
    (tmp_path / "out" / "a" / "b").write_text("hi")
    all_of_it = found(folder)
    assert all_of_it.keys() == {"a", "a/b"}
    assert all_of_it["a"].is_folder
    assert all_of_it["a/b"].is_plain_file
    assert found(folder) == all_of_it


def test_links_are_not_followed(folder: int, tmp_path: Path) -> None:
    (tmp_path / "out" / "file").symlink_to(tmp_path / "secret")
    (tmp_path / "out" / "folder").symlink_to(tmp_path)
    all_of_it = found(folder)
    assert all_of_it.keys() == {"file", "folder"}
    assert not any(each.is_plain_file or each.is_folder for each in all_of_it.values())


def test_what_has_two_names_or_is_no_file_is_not_plain(
    folder: int, tmp_path: Path
) -> None:
    (tmp_path / "out" / "hard").hardlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "out" / "pipe")
    (tmp_path / "out" / "risen").touch()
    (tmp_path / "out" / "risen").chmod(0o4755)
    assert not any(each.is_plain_file for each in found(folder).values())


def test_a_folder_that_is_too_deep_cannot_be_looked_into(
    folder: int, tmp_path: Path
) -> None:
    (tmp_path / "out" / "/".join("a" * (MOST_DEPTH + 9))).mkdir(parents=True)
    all_of_it = found(folder)
    deepest = max(all_of_it, key=len)
    assert deepest.count("/") == MOST_DEPTH
    assert all_of_it[deepest].facts is None


def test_who_stops_early_leaves_nothing_open(folder: int, tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / "out" / str(number) / "x").mkdir(parents=True)
    before = len(os.listdir("/proc/self/fd"))
    looking = walk(folder)
    next(looking)
    next(looking)
    looking.close()  # type: ignore[attr-defined]  # it is a generator
    assert len(os.listdir("/proc/self/fd")) == before
