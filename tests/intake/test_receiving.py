"""What comes from outside is copied once, whole, or not at all."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest

from strongroom.errors import InputError, UnavailableError
from strongroom.intake.receiving import receive
from tests.disks import fill, small_disk


def folder_with(tmp_path: Path, **files: bytes) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return folder


def test_the_copy_has_every_byte_and_nobody_else_reads_it(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a=b"first", b=b"", c=bytes(3_000_000))
    copied: list[int] = []

    received = receive(folder, tmp_path / "copy", progress=copied.append)

    data = (tmp_path / "copy").read_bytes()
    for file in received.files:
        part = data[file.offset : file.offset + file.length]
        assert part == (folder / file.path).read_bytes()
        assert file.sha256 == hashlib.sha256(part).hexdigest()
    assert received.length == len(data) == sum(copied)
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o600


def test_the_digest_is_of_names_and_contents_not_of_the_place(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "y").mkdir()
    one = receive(folder_with(tmp_path / "x", a=b"1", b=b"2"), tmp_path / "x.copy")
    same = receive(folder_with(tmp_path / "y", b=b"2", a=b"1"), tmp_path / "y.copy")
    (tmp_path / "y" / "model" / "a").rename(tmp_path / "y" / "model" / "c")
    other = receive(tmp_path / "y" / "model", tmp_path / "z.copy")

    assert one.digest == same.digest != other.digest


def test_a_file_that_stands_there_already_is_not_touched(tmp_path: Path) -> None:
    """Once the clean-up after a failure removed a file that it had not made."""
    (tmp_path / "copy").write_bytes(b"of somebody else")

    with pytest.raises(UnavailableError):
        receive(folder_with(tmp_path, a=b"1"), tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"of somebody else"


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a=bytes(3_000_000))

    def change(_: int) -> None:
        with (folder / "a").open("r+b") as file:
            file.write(b"other")

    with pytest.raises(InputError, match="changed"):
        receive(folder, tmp_path / "copy", progress=change)
    assert not (tmp_path / "copy").exists()


def test_a_file_that_shrinks_while_it_is_read_is_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a=bytes(3_000_000))

    with pytest.raises(InputError, match="changed"):
        receive(
            folder,
            tmp_path / "copy",
            progress=lambda _: os.truncate(folder / "a", 1_000_000),
        )


def test_two_terabytes_that_are_not_there_are_not_copied(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a=b"")
    os.truncate(folder / "a", 2 << 40)

    with pytest.raises(InputError, match=r"^'[a-z.]+', .*claims more than"):
        receive(folder, tmp_path / "copy")


def test_more_files_than_anybody_ships_are_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path)
    for number in range(10_001):
        (folder / str(number)).touch()

    with pytest.raises(InputError, match="more than 10000 files"):
        receive(folder, tmp_path / "copy")


def test_a_link_that_leads_away_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"mine")
    folder = folder_with(tmp_path, a=b"1")
    (folder / "b").symlink_to(tmp_path / "secret")

    with pytest.raises(InputError, match="leaves the folder"):
        receive(folder, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_name_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a=b"1")
    with open(os.fsencode(folder) + b"/\xff", "wb"):
        pass

    with pytest.raises(InputError, match="UTF-8"):
        receive(folder, tmp_path / "copy")


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a=bytes(8 << 20))
    with small_disk(tmp_path / "disk", megabytes=4) as disk:
        with pytest.raises(UnavailableError, match="free"):
            receive(folder, disk / "copy")
        assert list(disk.iterdir()) == []


def test_a_disk_that_fills_meanwhile_leaves_nothing(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, a=bytes(20 << 20))
    with small_disk(tmp_path / "disk", megabytes=120) as disk:

        def fill_up(_: int) -> None:
            fill(disk, but_bytes=0)

        with pytest.raises(UnavailableError, match="full"):
            receive(folder, disk / "copy", progress=fill_up)
        assert not (disk / "copy").exists()
