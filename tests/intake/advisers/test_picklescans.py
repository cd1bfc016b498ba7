"""picklescan sees the bytes of the window, and says what its command would."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.intake.advisers.picklescans import SourceFile, ask
from strongroom.intake.advisers.remarks import Weight
from strongroom.intake.sources import Source


@contextmanager
def window(data: bytes, path: str = "a.pt") -> Iterator[Source]:
    """Give a window on bytes that lie between others."""
    with tempfile.TemporaryFile() as file:
        file.write(b"before" + data + b"after")
        file.flush()
        yield Source(descriptor=file.fileno(), start=6, length=len(data), path=path)


STEPS = st.one_of(
    st.tuples(st.just("read"), st.integers(-1, 40), st.just(0)),
    st.tuples(st.just("seek"), st.integers(-40, 40), st.sampled_from([0, 1, 2])),
)


@given(st.binary(max_size=30), st.lists(STEPS, max_size=12))
def test_a_window_reads_and_seeks_as_a_file_does(
    data: bytes, steps: list[tuple[str, int, int]]
) -> None:
    with window(data) as source, tempfile.TemporaryFile(buffering=0) as real:
        real.write(data)
        real.seek(0)
        ours, theirs = io.BufferedReader(SourceFile(source)), io.BufferedReader(real)
        for what, number, whence in steps:
            if what == "read":
                assert ours.read(number) == theirs.read(number)
            else:
                assert moved(ours, number, whence) == moved(theirs, number, whence)


def moved(file: BinaryIO, offset: int, whence: int) -> int | None:
    try:
        return file.seek(offset, whence)
    except (OSError, ValueError):
        return None


def test_a_file_too_short_for_a_zip_file_is_read_all_the_same() -> None:
    """Another error than a file's own was raised, which zipfile does not expect."""
    with window(b'{"a": NaN}', "config.json") as source:
        assert not zipfile.is_zipfile(io.BufferedReader(SourceFile(source)))
        assert list(ask(source, "")) == []


@pytest.mark.parametrize(
    ("data", "weight", "text"),
    [
        (b"cposix\nsystem\n(S'true'\ntR.", Weight.ALARM, "names posix system"),
        (b"cfoo\nbar\n)R.", Weight.REMARK, "does not know foo bar"),
    ],
)
def test_names_it_has_on_its_list_are_alarms_and_those_it_lacks_remarks(
    data: bytes, weight: Weight, text: str
) -> None:
    with window(data, "a.pkl") as source:
        (remark,) = ask(source, "")
    assert (remark.weight, remark.text) == (weight, text)


def test_what_it_could_not_parse_is_said() -> None:
    with window(b"cposix\nsystem\n(S'true'\ntR" + b"\xff" * 9, "a.pkl") as source:
        weights = [remark.weight for remark in ask(source, "")]
    assert weights == [Weight.ALARM, Weight.UNREAD]
