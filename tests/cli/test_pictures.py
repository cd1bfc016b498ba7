"""Bars: how long they are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from strongroom.cli.pictures import bar

SIZES = st.integers(1, 10**15)


def test_a_half_is_half_of_the_cells() -> None:
    assert bar(1, 2, cells=10).plain == "█" * 5


def test_a_sixteenth_of_a_cell_still_shows() -> None:
    assert bar(1, 10**12, cells=10).plain == "▏"


def test_nothing_is_nothing() -> None:
    assert bar(0, 10).plain == ""
    assert bar(0, 0).plain == ""


@given(SIZES, SIZES)
def test_a_bar_fits_its_cells_and_something_always_shows(part: int, whole: int) -> None:
    assert 1 <= len(bar(part, whole, cells=24).plain) <= 24


@given(SIZES, SIZES, SIZES)
def test_more_is_never_shorter(part: int, more: int, whole: int) -> None:
    first, second = (bar(min(n, whole), whole) for n in (part, part + more))

    assert len(first.plain) <= len(second.plain)
