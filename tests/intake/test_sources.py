"""A reader sees its stretch of a file and nothing beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.intake.findings import RefusedError
from strongroom.intake.sources import Ahead
from tests.intake.places import source_of


def test_a_read_is_cut_where_the_window_ends(tmp_path: Path) -> None:
    source = source_of(tmp_path / "a", b"0123456789")
    inner = source.window(2, 5)
    assert inner.read(0, 100) == b"23456"
    assert inner.read(4, 100) == b"6"
    assert inner.read(5, 100) == inner.read(50, 1) == b""
    assert inner.window(1, 3).read_exactly(0, 3) == b"345"


@pytest.mark.parametrize(
    ("offset", "length"), [(-1, 2), (0, 6), (5, 1), (3, 3), (0, -1)]
)
def test_nothing_outside_the_window_is_read(
    tmp_path: Path, offset: int, length: int
) -> None:
    inner = source_of(tmp_path / "a", b"0123456789").window(2, 5)
    with pytest.raises(RefusedError):
        inner.window(offset, length)
    if length >= 0:
        with pytest.raises(RefusedError):
            inner.read_exactly(offset, length)


def test_a_file_that_shrank_is_refused(tmp_path: Path) -> None:
    source = source_of(tmp_path / "a", b"0123456789")
    (tmp_path / "a").write_bytes(b"0")
    with pytest.raises(RefusedError, match="cut"):
        list(source.pieces())


def test_pieces_are_small_and_whole(tmp_path: Path) -> None:
    data = bytes(range(256)) * 10_000
    source = source_of(tmp_path / "a", data)
    pieces = list(source.pieces(3))
    assert b"".join(pieces) == data[3:]
    assert max(map(len, pieces)) == 1 << 20


def test_reading_ahead_gives_what_reading_gives(tmp_path: Path) -> None:
    data = bytes(range(256)) * 1000
    one, other = source_of(tmp_path / "a", data), source_of(tmp_path / "b", data[::-1])
    ahead = Ahead()
    for at in (0, 10, 70_000, 69_990, 5, len(data) - 20):
        for source in (one, other, one.window(3, len(data) - 3)):
            for length in (0, 7, 17, 100_000):
                if at + length <= source.length:
                    wanted = source.read_exactly(at, length)
                    assert ahead.read(source, at, length) == wanted


@pytest.mark.parametrize(("offset", "length"), [(-1, 2), (0, 6), (5, 1), (0, 80_000)])
def test_nothing_outside_the_window_is_read_ahead(
    tmp_path: Path, offset: int, length: int
) -> None:
    whole = source_of(tmp_path / "a", bytes(90_000))
    ahead = Ahead()
    ahead.read(whole, 0, 90_000)
    with pytest.raises(RefusedError):
        ahead.read(whole.window(2, 5), offset, length)


def test_reading_ahead_in_a_file_that_shrank_is_refused(tmp_path: Path) -> None:
    source = source_of(tmp_path / "a", b"0123456789")
    (tmp_path / "a").write_bytes(b"0")
    with pytest.raises(RefusedError, match="cut"):
        Ahead().read(source, 0, 2)
