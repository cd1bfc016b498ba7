"""Views of bytes as arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.client.arrays import as_flat_array, as_tensor, joined
from strongroom.errors import InputError


@given(st.sets(st.integers(0, 50)), st.booleans())
def test_pieces_join_into_runs(bytes_held: set[int], empty: bool) -> None:
    runs = joined([(at, 1) for at in bytes_held], empty=empty)
    covered = {at for start, length in runs for at in range(start, start + length)}
    assert covered == bytes_held
    ends = [start + length for start, length in runs]
    starts = [start for start, _ in runs]
    assert not set(ends) & set(starts) or runs == [(0, 0)]


def test_nothing_is_one_empty_run_only_where_it_counts() -> None:
    assert joined([], empty=True) == [(0, 0)]
    assert joined([], empty=False) == []


def test_an_array_is_a_view() -> None:
    memory = bytearray(np.arange(6, dtype=np.float32).tobytes())
    array = as_tensor(memoryview(memory), "F32", (2, 3), "numpy")
    memory[0:4] = np.float32(7).tobytes()
    assert array[0, 0] == 7


@pytest.mark.parametrize("dtype", ["F4", "", "f32", "X"])
def test_a_type_that_numpy_lacks_is_refused(dtype: str) -> None:
    with pytest.raises(InputError, match="numpy has no type"):
        as_flat_array(memoryview(b"1234"), dtype)


def test_a_type_that_torch_lacks_is_refused() -> None:
    with pytest.raises(InputError, match="torch has no type"):
        as_tensor(memoryview(b"1234"), "X", (1,), "torch")
