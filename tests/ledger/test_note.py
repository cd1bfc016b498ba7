"""Signed notes are taken apart in one way, and keys are written in one form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import InputError, IntegrityError
from strongroom.ledger.note import (
    SignatureLine,
    canonical_base64,
    is_key_name,
    key_text,
    parse_key,
    split_note,
)

NAMES = st.text(min_size=1, max_size=40).filter(
    lambda name: name.isprintable() and not set(name) & set("+ \u00a0\u3000")
)


@given(NAMES, st.binary(min_size=1, max_size=1), st.binary(min_size=32, max_size=32))
def test_a_key_is_read_as_it_was_written(name: str, kind: bytes, public: bytes) -> None:
    text = key_text(name, kind, public)

    assert parse_key(text, kind) == (name, public)
    with pytest.raises(InputError):
        parse_key(text, bytes([kind[0] ^ 1]))


@pytest.mark.parametrize("encoded", ["!", "AAAA=", "\u00e4", ""])
def test_a_key_in_no_base64_is_refused(encoded: str) -> None:
    with pytest.raises(InputError, match="name\\+hash\\+base64"):
        parse_key(f"name+00000000+{encoded}", b"\x01")


@given(NAMES, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=99))
def test_a_line_is_read_as_it_was_written(
    name: str, key_id: bytes, signature: bytes
) -> None:
    line = SignatureLine(name=name, key_id=key_id, signature=signature)

    note = split_note(f"a text\n\nwith a gap\n\n{line.text()}")

    assert (note.text, note.lines) == ("a text\n\nwith a gap\n", (line,))
    assert note.signed_by(name, key_id) == (line,)
    assert note.signed_by(name, bytes(4)) == (() if key_id != bytes(4) else (line,))


@pytest.mark.parametrize(
    "line",
    [
        "- name AAAAAAAA\n",
        "\N{EM DASH} name\n",
        "\N{EM DASH}name AAAAAAAA\n",
        "\N{EM DASH} two words AAAAAAAA\n",
        "\N{EM DASH} name AAAAAA==\n",
        "\N{EM DASH} name AAAAAAA!\n",
        "\N{EM DASH} name AAAAAAAA",
        "",
    ],
)
def test_a_malformed_line_is_refused(line: str) -> None:
    with pytest.raises(IntegrityError):
        split_note(f"text\n\n{line}")


def test_base64_has_one_form_and_a_bound() -> None:
    assert canonical_base64("AAAA", at_most_bytes=3) == bytes(3)
    for text in ("AAA", "AAB=", "AA AA", "AAAAAAAA", "A" * 10**6):
        with pytest.raises(IntegrityError):
            canonical_base64(text, at_most_bytes=3)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "a\x7f", "a\n"])
def test_a_name_without_form_is_none(name: str) -> None:
    assert not is_key_name(name)
    assert is_key_name("room.example/a-\u00e9")
