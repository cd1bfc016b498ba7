"""JSON that two parsers could read differently is refused, and bounded before it is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import InputError
from strongroom.intake.findings import RefusedError
from strongroom.intake.formats import documents as subject
from tests.intake.hostile import mutated

DOCUMENT = '{"a": [1, 2.5, -3e-7, "é\\u00e9", null, true], "n": 10000000000000000000}'

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(values)
def test_what_is_written_is_read_again_and_means_the_same(value: subject.Value) -> None:
    text = subject.written(value)

    assert subject.parse(text) == value == json.loads(text)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('{"a": 1, "a": 2}', "json/twice"),
        ('{"a": {"\\u0062": 1, "b": 2}}', "json/twice"),
        ('{"a": NaN}', "json/number"),
        ('{"a": -Infinity}', "json/number"),
        ('{"a": 1e999}', "json/number"),
        ("9" * 5000, "json/number"),
        ("[" * 65 + "]" * 65, "json/deep"),
        ("[" * 100_000, "json/deep"),
        ('{"a":' * 100_000, "json/deep"),
        ('"\\ud800"', "json/malformed"),
        ('{"\\udfff": 1}', "json/malformed"),
        ('{"a": 1} x', "json/malformed"),
        ("", "json/malformed"),
        ("{'a': 1}", "json/malformed"),
        ("," * (subject.MOST_VALUES + 1), "json/size"),
    ],
)
def test_what_is_ambiguous_or_too_much_is_refused(text: str, rule: str) -> None:
    with pytest.raises(RefusedError) as refused:
        subject.parse(text.encode())
    assert refused.value.rule == rule


def test_text_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(RefusedError, match="UTF-8"):
        subject.parse(b'{"a": "\xff"}')


def test_every_object_is_visited() -> None:
    document = subject.parse(b'{"a": [{"b": {"c": 1}}], "d": {}}')

    assert sum(1 for _ in subject.objects(document)) == 4


@given(mutated(DOCUMENT.encode()))
def test_a_changed_document_is_read_or_refused(data: bytes) -> None:
    try:
        document = subject.parse(data)
    except InputError:
        return
    assert json.loads(subject.written(document)) == document
