"""What an adviser says can be shown, whatever it says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.canonical import Json, from_json, to_json
from strongroom.errors import InputError
from strongroom.intake.advisers.remarks import MOST_TEXT, Remark, Weight


@given(st.text(), st.sampled_from(Weight))
def test_whatever_a_program_says_becomes_a_line_of_ascii(
    text: str, weight: Weight
) -> None:
    remark = Remark.of(weight, text)

    assert 0 < len(remark.text) <= MOST_TEXT
    assert remark.text.isascii()
    assert remark.text.isprintable()
    data = to_json(remark.to_json())
    assert Remark.from_json(from_json(data, at_most_bytes=2000)) == remark


@pytest.mark.parametrize(
    "value",
    [
        None, [], ["alarm"], ["alarm", 3], ["doom", "text"], ["alarm", ""],
        ["alarm", "\x1b[2J"], ["alarm", "caf\u00e9"], ["alarm", "a" * 401],
        ["alarm", "text", "more"],
    ],
)  # fmt: skip
def test_a_remark_of_another_form_is_refused(value: Json) -> None:
    with pytest.raises(InputError):
        Remark.from_json(value)
