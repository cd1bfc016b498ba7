"""A reader sees its stretch of a file and nothing beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.intake.findings import RefusedError
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
