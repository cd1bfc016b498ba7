"""Parts of files come to stand one behind another, each with its own digest."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.intake.copying import Part, copy_parts
from strongroom.intake.findings import RefusedError
from tests.intake.places import source_of, workplace_in

MIB = 1 << 20
DATA = bytes(range(251)) * (3 * MIB // 251)

PARTS = st.lists(
    st.tuples(
        st.integers(0, MIB),
        st.sampled_from([0, 1, 64, 40_000, 70_000, MIB, MIB + 1, 2 * MIB - 999]),
        st.sampled_from([0, 0, 31]),
    ),
    max_size=12,
)


@given(PARTS)
def test_what_is_copied_is_every_part_in_order(
    wanted: list[tuple[int, int, int]],
) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        folder = Path(name)
        source = source_of(folder / "in", DATA)
        parts = [Part(source, at, length, padding) for at, length, padding in wanted]
        with workplace_in(folder).create("file") as file:
            file.append(b"head")
            digests = copy_parts(parts, file, 4)
        written = (folder / "out" / "file").read_bytes()

    stretches = [DATA[at : at + length] for at, length, _ in wanted]
    assert digests == [hashlib.sha256(data).hexdigest() for data in stretches]
    pairs = zip(stretches, wanted, strict=True)
    assert written == b"head" + b"".join(d + bytes(p) for d, (_, _, p) in pairs)


@pytest.mark.parametrize("length", [11, 200_000, 2 * MIB])
def test_a_part_that_its_window_does_not_hold_is_refused(
    tmp_path: Path, length: int
) -> None:
    """What follows the window lies in the same file, and belongs to another."""
    window = source_of(tmp_path / "in", DATA).window(5, length - 1)
    with workplace_in(tmp_path).create("file") as file:
        for part in (Part(window, 0, length), Part(window, -1, 1)):
            with pytest.raises(RefusedError):
                copy_parts([Part(window, 0, 1), part], file, 0)
