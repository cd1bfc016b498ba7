"""Ids name one thing, secrets stay out of sight, classes have an order."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.errors import InputError
from strongroom.types import Classification, Secret, check_says_which, id_bytes, new_id

IDS = st.binary(min_size=16, max_size=16)


def test_an_id_says_what_it_names() -> None:
    assert new_id("permit", bytes) == f"permit-{'a' * 26}"


@pytest.mark.parametrize("text", ["permit-abcd", "request-abcd", "abcd"])
def test_four_characters_of_an_id_say_which(text: str) -> None:
    check_says_which(text, "permit", "request")


@pytest.mark.parametrize(
    "text", ["", "p", "permit", "permit-", "request", "reques", "permit-abc", "abc"]
)
def test_what_every_id_starts_with_says_nothing(text: str) -> None:
    """Where there was one permit, ``revoke permit`` revoked it."""
    with pytest.raises(InputError, match="does not say which permit"):
        check_says_which(text, "permit", "request")


@given(IDS)
def test_the_bytes_of_an_id_come_back(raw: bytes) -> None:
    assert id_bytes(new_id("account", lambda _: raw)) == raw


@given(IDS, st.integers(0, 25), st.characters(codec="utf-8"))
def test_no_two_ids_have_the_same_bytes(raw: bytes, at: int, other: str) -> None:
    """26 characters carry two bits more than 16 bytes; they have to be zero."""
    head, _, text = new_id("segment", lambda _: raw).rpartition("-")
    changed = f"{head}-{text[:at]}{other}{text[at + 1 :]}"
    try:
        read = id_bytes(changed)
    except InputError:
        return
    assert (read == raw) == (changed == f"{head}-{text}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "permit-",
        "a" * 25,
        "a" * 27,
        f"permit-{'A' * 26}",
        f"permit-{'a' * 25}b",  # a stray bit
        "permit-" + "\u0131" * 26,  # becomes an I in capitals
        "permit-" + "\u00df" * 13,  # becomes SS in capitals
        f"permit-{'a' * 26}======",
        f"permit-{'a_' * 13}",
        f"permit-{'1' * 26}",
        f"permit-{'a' * 26}\n",
        "a" * 100_000,
    ],
    ids=lambda text: repr(text[:40]),
)
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not an id"):
        id_bytes(text)


def test_a_secret_shows_itself_nowhere() -> None:
    secret = Secret(b"hunter2-hunter2")

    shown = f"{secret} {secret!r} {[secret]} {logging.Formatter().format}"
    try:
        raise ValueError(secret)
    except ValueError:
        shown += traceback.format_exc()

    assert "hunter2" not in shown
    assert len(secret) == 15
    assert secret.reveal() == b"hunter2-hunter2"


def test_a_secret_is_compared_and_neither_pickled_nor_hashed() -> None:
    secret = Secret(b"a")

    assert secret == Secret(b"a")
    assert secret != Secret(b"b")
    assert secret != b"a"
    for use in (pickle.dumps, hash, copy.copy):
        with pytest.raises(TypeError):
            use(secret)


def test_classes_are_in_order() -> None:
    ranks = [Classification(c).rank for c in ("open", "internal", "restricted")]

    assert ranks == sorted(set(ranks))
