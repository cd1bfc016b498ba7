"""Cells that should hold bytes."""

from __future__ import annotations

import pytest

from strongroom.database.cells import blob, text
from strongroom.errors import IntegrityError


@pytest.mark.parametrize("cell", [b"\x00\x01", memoryview(b"\x00\x01")])
def test_bytes_come_back(cell: object) -> None:
    assert blob(cell) == b"\x00\x01"


def test_text_comes_back_and_nothing_else_does() -> None:
    assert text("a note") == "a note"
    for cell in (b"a note", 7, None):
        with pytest.raises(IntegrityError, match="something else than text"):
            text(cell)


@pytest.mark.parametrize("cell", [10**13, -1, 1.5, "00", None, True])
def test_anything_else_is_refused_before_memory_is_taken(cell: object) -> None:
    with pytest.raises(IntegrityError, match="something else than bytes"):
        blob(cell)
