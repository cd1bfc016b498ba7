"""An arena hands out aligned memory and never takes it back from under a view."""

from __future__ import annotations

import gc
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.crypto.arena import ALIGNMENT_BYTES, Arena, zero
from strongroom.errors import ConflictError, InputError, UnavailableError


@given(st.lists(st.integers(0, 10_000), max_size=20))
def test_pieces_are_aligned_and_do_not_overlap(lengths: list[int]) -> None:
    arena = Arena(sum(length + ALIGNMENT_BYTES for length in lengths))
    pieces = [arena.allocate(length) for length in lengths]

    for number, piece in enumerate(pieces):
        piece[:] = bytes([number]) * len(piece)
    for number, piece in enumerate(pieces):
        assert bytes(piece) == bytes([number]) * lengths[number]
        if len(piece):
            address = np.frombuffer(piece, np.uint8).ctypes.data
            assert address % ALIGNMENT_BYTES == 0


def test_a_piece_that_does_not_fit_is_refused() -> None:
    arena = Arena(100)
    with pytest.raises(InputError):
        arena.allocate(len(arena) + 1)
    with pytest.raises(InputError):
        arena.allocate(-1)
    with pytest.raises(InputError):
        Arena(-1)
    with pytest.raises(UnavailableError):
        Arena(2**62)


def test_memory_is_used_again_once_nobody_looks_at_it() -> None:
    arena = Arena(1000)
    tensor = np.frombuffer(arena.allocate(64), np.float32)

    for give_back in (arena.reset, arena.close):
        with pytest.raises(ConflictError, match="still in use"):
            give_back()
    assert tensor.shape == (16,)
    del tensor
    gc.collect()
    arena.reset()
    assert len(arena.allocate(len(arena))) == len(arena)
    arena.reset()
    arena.close()


def test_zeroing_leaves_nothing_that_was_handed_out() -> None:
    arena = Arena(5_000_000)
    piece = arena.allocate(3_000_001)
    piece[:] = b"x" * len(piece)

    arena.zero()

    assert not any(piece)
    matrix = np.ones((3, 7), np.int16)
    zero(matrix.data)
    assert not matrix.any()


def test_the_kernel_keeps_it_out_of_core_dumps_and_in_huge_pages() -> None:
    arena = Arena(4_000_000)
    address = np.frombuffer(arena.allocate(64), np.uint8).ctypes.data
    maps = Path("/proc/self/smaps").read_text().split("VmFlags:")
    mine = [
        flags.partition("\n")[0].split()
        for before, flags in pairwise(maps)
        if _covers(before, address)
    ]

    assert [{"dd", "hg"} <= set(flags) for flags in mine] == [True]


def _covers(entry: str, address: int) -> bool:
    """Return whether the last mapping named in ``entry`` holds the address."""
    heads = [w[0] for line in entry.splitlines() if (w := line.split()) and "-" in w[0]]
    start, _, end = heads[-1].partition("-")
    return int(start, 16) <= address < int(end, 16)
