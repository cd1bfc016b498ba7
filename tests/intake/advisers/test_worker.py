"""An adviser may fail in any way at one file; the next one is asked all the same."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from strongroom.intake.advisers.remarks import MOST_REMARKS, Remark, Weight
from strongroom.intake.advisers.reported import parse_remarks
from strongroom.intake.advisers.worker import REPORT, main, said
from strongroom.intake.jobs import Item, ReadingJob
from strongroom.intake.rewriting import Options
from strongroom.intake.sources import Source

SOURCE = Source(descriptor=0, start=0, length=0, path="a.pt")


def test_a_line_for_each_file_says_what_the_adviser_said(tmp_path: Path) -> None:
    data = b"cposix\nsystem\n(S'true'\ntR."
    (tmp_path / "copy").write_bytes(data + b"{}")
    items = [
        Item(path="a.pkl", offset=0, length=len(data)),
        Item(path="config.json", offset=len(data), length=2),
    ]
    (tmp_path / "job").write_bytes(ReadingJob.of(items, Options()).to_bytes())
    (tmp_path / "out").mkdir()
    job = os.open(tmp_path / "job", os.O_RDONLY)
    with (tmp_path / "copy").open("rb") as copy:
        main([str(tmp_path / "out"), f"{copy.fileno()} picklescan", str(job)])

    first, second = parse_remarks((tmp_path / "out" / REPORT).read_bytes(), files=2)
    assert [remark.text for remark in first] == ["names posix system"]
    assert second == ()


@pytest.mark.parametrize(
    "error", [ValueError("no\x1b[2J"), MemoryError(), RecursionError(), KeyError(3)]
)
def test_whatever_it_raises_is_a_remark_after_those_it_made(error: Exception) -> None:
    def fails(source: Source, folder: str) -> Iterator[Remark]:
        yield Remark.of(Weight.ALARM, "names os system")
        raise error

    alarm, unread = [Remark.from_json(r) for r in said(fails, SOURCE, "", seconds=9)]
    assert alarm.weight is Weight.ALARM
    assert unread.weight is Weight.UNREAD
    assert unread.text.startswith(f"it failed with {type(error).__name__}")


def test_what_takes_too_long_is_interrupted_even_if_it_does_not_listen() -> None:
    def hangs(source: Source, folder: str) -> Iterator[Remark]:
        try:
            while True:
                pass
        except TimeoutError:
            while True:
                pass
        yield Remark.of(Weight.ALARM, "never")

    (line,) = said(hangs, SOURCE, "", seconds=0.05)
    assert Remark.from_json(line).text == "it failed with TimeoutError: over 0.05 s"


def test_an_adviser_without_end_is_cut() -> None:
    def endless(source: Source, folder: str) -> Iterator[Remark]:
        while True:
            yield Remark.of(Weight.ALARM, "and another thing")

    line = said(endless, SOURCE, "", seconds=9)
    assert len(line) == MOST_REMARKS
    assert Remark.from_json(line[-1]).text == "it said more, which is left out"
