"""A stream is record 0, data, what record 0 had no room for, and padding."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.crypto.container import FIRST_PLAIN_BYTES, padded
from strongroom.crypto.index import MAX_INDEX_BYTES
from strongroom.crypto.layout import DATA_START, INDEX_START_BYTES, Positions
from strongroom.errors import IntegrityError
from tests.crypto.sealed import flipped


def test_data_begin_with_record_1_however_long_the_index_is() -> None:
    short = Positions(index_bytes=100, data_bytes=5)
    long = Positions(index_bytes=INDEX_START_BYTES + 9, data_bytes=5)

    assert (short.start_end, short.end) == (116, DATA_START + 5)
    assert (long.start_end, long.rest_start) == (DATA_START, DATA_START + 5)
    assert long.end == DATA_START + 14
    assert DATA_START == FIRST_PLAIN_BYTES == 16 * 1024 - 256 - 16


def test_nothing_but_an_index_fits_record_0() -> None:
    full = Positions(index_bytes=INDEX_START_BYTES, data_bytes=0)

    assert full.end == full.stream_bytes == FIRST_PLAIN_BYTES


@given(st.integers(0, MAX_INDEX_BYTES), st.integers(0, 2**50))
def test_only_record_0_and_the_padding_are_added(index: int, data: int) -> None:
    positions = Positions(index_bytes=index, data_bytes=data)
    rest = max(0, index - INDEX_START_BYTES)

    assert positions.stream_bytes == FIRST_PLAIN_BYTES + padded(data + rest)
    assert positions.stream_bytes >= positions.end >= positions.rest_start
    assert positions == Positions.parse(
        positions.to_bytes() + b"more", stream_bytes=positions.stream_bytes
    )


@given(st.integers(0, MAX_INDEX_BYTES), st.integers(0, 2**50), st.integers(1, 2**64))
def test_lengths_that_do_not_add_up_are_refused(
    index: int, data: int, more: int
) -> None:
    positions = Positions(index_bytes=index, data_bytes=data)

    with pytest.raises(IntegrityError, match="add up"):
        Positions.parse(
            positions.to_bytes(), stream_bytes=positions.stream_bytes + more
        )


def test_no_bit_of_the_lengths_is_passed_over() -> None:
    positions = Positions(index_bytes=100, data_bytes=5)
    lengths = positions.to_bytes()

    for bit in range(8 * len(lengths)):
        altered = flipped(lengths, bit)
        with suppress(IntegrityError):  # another length within the padding adds up
            read = Positions.parse(altered, stream_bytes=positions.stream_bytes)
            assert read.to_bytes() == altered


def test_an_index_that_is_too_long_is_refused() -> None:
    positions = Positions(index_bytes=MAX_INDEX_BYTES + 1, data_bytes=0)

    with pytest.raises(IntegrityError, match=f"{MAX_INDEX_BYTES + 1} bytes"):
        Positions.parse(positions.to_bytes(), stream_bytes=positions.stream_bytes)
