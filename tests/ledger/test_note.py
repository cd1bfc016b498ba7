"""Signed notes are taken apart in one way, and keys are written in one form."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import InputError, IntegrityError
from strongroom.ledger.note import (
    AT_MOST_NOTE_BYTES,
    SignatureLine,
    canonical_base64,
    check_key,
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


def test_a_note_has_no_control_characters_and_no_half_of_one() -> None:
    line = SignatureLine(name="n", key_id=bytes(4), signature=b"s").text()
    for letter in ("\0", "\t", "\x0b", "\x1f", "\ud800", "\udfff"):
        with pytest.raises(IntegrityError, match="characters that no note may have"):
            split_note(f"a{letter}b\n\n{line}")
    for kept in ("\n", " ", "\x7f", "\ud7ff", "\ue000"):
        assert split_note(f"a{kept}b\n\n{line}").text == f"a{kept}b\n"


def test_names_keys_and_notes_are_taken_up_to_their_limit() -> None:
    line = SignatureLine(name="n", key_id=bytes(4), signature=b"s").text()
    room = AT_MOST_NOTE_BYTES - len(line) - 2
    assert AT_MOST_NOTE_BYTES == 131_072
    assert split_note("a" * room + "\n\n" + line).text == "a" * room + "\n"
    with pytest.raises(IntegrityError, match="has 131073 characters"):
        split_note("a" * (room + 1) + "\n\n" + line)
    assert is_key_name("a" * 255)
    assert not is_key_name("a" * 256)
    longest = key_text("a" * 255, b"\1", bytes(32))
    assert parse_key(longest, b"\1") == ("a" * 255, bytes(32))
    assert parse_key(f" {longest}\n", b"\1") == ("a" * 255, bytes(32))
    for size in (31, 33):
        with pytest.raises(InputError, match="a verifier key is name"):
            parse_key(key_text("a", b"\1", bytes(size)), b"\1")
    with pytest.raises(InputError, match="does not fit its key"):
        parse_key(longest[:255] + "+00000000" + longest[264:], b"\1")


def test_a_note_needs_its_text_its_gap_and_its_last_newline() -> None:
    line = SignatureLine(name="n", key_id=bytes(4), signature=b"s").text()
    for wrong in (line, f"\n\n{line}", f"a\n{line}", f"a\n\n{line[:-1]}", "a\n\n", ""):
        with pytest.raises(IntegrityError):
            split_note(wrong)
    assert len(split_note(f"a\n\n{line * 64}").lines) == 64
    with pytest.raises(IntegrityError, match="has 65 signatures"):
        split_note(f"a\n\n{line * 65}")


def test_a_signature_has_one_byte_after_its_key_id() -> None:
    line = SignatureLine(name="n", key_id=b"abcd", signature=b"s")
    assert split_note(f"a\n\n{line.text()}").lines == (line,)
    with pytest.raises(IntegrityError, match="is malformed"):
        split_note(
            f"a\n\n{SignatureLine(name='n', key_id=b'abcd', signature=b'').text()}"
        )


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 31, 32])
def test_base64_of_every_length_is_read_up_to_the_limit(size: int) -> None:
    data = bytes(range(size))
    text = base64.b64encode(data).decode()

    assert canonical_base64(text, at_most_bytes=size) == data
    with pytest.raises(IntegrityError):
        canonical_base64(base64.b64encode(data + b"x").decode(), at_most_bytes=size)


def test_what_is_no_key_is_told_in_a_sentence() -> None:
    said = []
    for text in ("", f"a b+00000000+{44 * 'A'}", "a+00000000+AAAA"):
        with pytest.raises(InputError) as refused:
            parse_key(text, b"\1")
        said.append(str(refused.value))
    for name, public in (("a b", bytes(32)), ("a", bytes(31))):
        with pytest.raises(InputError) as refused:
            check_key(name, public)
        said.append(str(refused.value))
    assert said == [
        *["a verifier key is name+hash+base64"] * 3,
        "'a b' cannot name a key in a ledger",
        "an Ed25519 public key is 32 bytes",
    ]
