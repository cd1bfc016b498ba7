"""The walker never builds more than it was asked for."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import InputError
from strongroom.intake.formats.scanner import Scanner

text = st.text(st.characters(codec="utf-8"), max_size=20)
flat = st.dictionaries(text, st.integers(0, 10**18) | st.booleans(), max_size=5)


@given(st.dictionaries(text, text), st.sampled_from([None, 2]))
def test_strings_come_back(members: dict[str, str], indent: int | None) -> None:
    scanner = Scanner(json.dumps(members, indent=indent))

    assert {key: scanner.string() for key in scanner.members(at_most=99)} == members
    scanner.finish()


@given(flat)
def test_a_flat_object_comes_back(value: dict[str, object]) -> None:
    written = json.dumps(value)
    scanner = Scanner(written)

    if "{" in written[1:] or "}" in written[:-1]:
        with pytest.raises(InputError):
            scanner.flat_object()
    else:
        assert scanner.flat_object() == value


def test_members_beyond_the_cap_are_refused_while_reading() -> None:
    scanner = Scanner(json.dumps({str(number): "" for number in range(2000)}))

    with pytest.raises(InputError, match="more than 1000 names"):
        {key: scanner.string() for key in scanner.members(at_most=1000)}


def test_an_object_over_two_kilobytes_is_refused_before_it_is_built() -> None:
    with pytest.raises(InputError):
        Scanner('{"a":"' + "b" * 2100 + '"}').flat_object()


@given(st.text(st.sampled_from('{}[]:,"\\u0d8a -1.e'), max_size=30))
def test_nothing_but_our_own_error_comes_out(written: str) -> None:
    scanner = Scanner(written)
    try:
        for _ in scanner.members(at_most=9):
            scanner.flat_object()
        scanner.finish()
    except InputError:
        return
    assert isinstance(json.loads(written), dict)
