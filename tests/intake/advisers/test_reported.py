"""Nothing that an adviser leaves behind can be more than remarks."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.canonical import to_json
from strongroom.errors import IntegrityError
from strongroom.intake.advisers.remarks import MOST_REMARKS, MOST_TEXT, Remark, Weight
from strongroom.intake.advisers.reported import parse_remarks

REMARK = Remark.of(Weight.ALARM, "names os system")
LINE = to_json([REMARK.to_json()]) + b"\n"


def test_the_last_line_may_be_cut_and_is_left_out() -> None:
    assert parse_remarks(LINE + LINE[:-1], files=2) == [(REMARK,)]
    assert parse_remarks(b"", files=2) == []


def test_as_many_remarks_as_there_may_be_fit() -> None:
    longest = [["alarm", "\\" * MOST_TEXT]] * MOST_REMARKS

    (remarks,) = parse_remarks(to_json(longest) + b"\n", files=1)

    assert len(remarks) == MOST_REMARKS


@given(st.binary(max_size=60))
def test_any_bytes_are_remarks_or_refused(data: bytes) -> None:
    with suppress(IntegrityError):
        parse_remarks(data + b"\n", files=3)


@pytest.mark.parametrize(
    "data",
    [
        LINE * 3,
        b"{}\n",
        b"[[]]\n",
        b"[" * 100_000 + b"\n",
        b" " * 100_000 + b"\n",
        b'[["alarm","\\u001b[2J"]]\n',
        to_json([REMARK.to_json()] * (MOST_REMARKS + 1)) + b"\n",
    ],
)
def test_another_form_is_refused(data: bytes) -> None:
    with pytest.raises(IntegrityError):
        parse_remarks(data, files=2)
