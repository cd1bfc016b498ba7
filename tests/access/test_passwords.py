"""Passwords are Argon2id, bounded on both sides, and say nothing about accounts."""

from __future__ import annotations

import argon2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.access import passwords
from strongroom.access.passwords import Cost
from strongroom.errors import DeniedError, InputError, IntegrityError
from strongroom.types import Secret

CHEAP = Cost(memory_kib=19 * 1024, passes=1, lanes=1)
RIGHT = Secret(b"correct horse battery")


def salt(count: int) -> bytes:
    return bytes(range(count))


STORED = passwords.hash_password(RIGHT, random=salt, cost=CHEAP)


def test_the_right_password_is_taken() -> None:
    assert not passwords.verify_password(STORED, RIGHT, cost=CHEAP).needs_rehash


def test_the_reference_program_agrees() -> None:
    """The PHC string is read by argon2's own low-level verifier."""
    assert argon2.low_level.verify_secret(
        STORED.encode(), RIGHT.reveal(), argon2.Type.ID
    )


def test_a_hash_of_another_cost_wants_to_be_renewed() -> None:
    assert passwords.verify_password(STORED, RIGHT).needs_rehash


def test_the_default_cost_is_the_one_of_the_rfc() -> None:
    stored = passwords.hash_password(RIGHT)

    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert not passwords.verify_password(stored, RIGHT).needs_rehash


@settings(max_examples=15, deadline=None)
@given(st.binary(max_size=1100))
def test_any_other_password_is_refused_alike(typed: bytes) -> None:
    if typed != RIGHT.reveal():
        with pytest.raises(DeniedError, match="name or password is wrong"):
            passwords.verify_password(STORED, Secret(typed), cost=CHEAP)


def test_composed_and_decomposed_letters_are_the_same_password() -> None:
    composed = Secret("zwölf Fässer Öl".encode())
    decomposed = Secret("zwo\u0308lf Fa\u0308sser O\u0308l".encode())
    stored = passwords.hash_password(composed, random=salt, cost=CHEAP)

    passwords.verify_password(stored, decomposed, cost=CHEAP)


@pytest.mark.parametrize(
    "typed",
    [
        *(b"", b"elevenchars", b"a" * 12, b"abcd" * 9, b"\xff" * 12),
        b"0123456789" * 102 + b"01234",
    ],
    ids=["empty", "short", "one letter", "four letters", "no text", "too long"],
)
def test_a_password_that_is_no_good_is_not_hashed(typed: bytes) -> None:
    with pytest.raises(InputError):
        passwords.hash_password(Secret(typed), random=salt, cost=CHEAP)


def test_twelve_characters_of_five_kinds_are_enough() -> None:
    longest = b"0123456789" * 102 + b"0123"
    for typed in (b"twelve chars", "\u00fc\u00f6\u00e4ab".encode() + b"b" * 7, longest):
        assert passwords.hash_password(Secret(typed), random=salt, cost=CHEAP)


def test_an_unknown_account_is_refused_in_the_same_words() -> None:
    with pytest.raises(DeniedError) as unknown:
        passwords.verify_nobody(RIGHT)
    with pytest.raises(DeniedError) as wrong:
        passwords.verify_password(STORED, Secret(b"another password"), cost=CHEAP)

    assert str(unknown.value) == str(wrong.value) == "name or password is wrong"


@pytest.mark.parametrize("cost", [passwords.DEFAULT_COST, CHEAP])
def test_an_unknown_account_costs_what_a_known_one_does(cost: passwords.Cost) -> None:
    """The hash behind it has the present cost, or timing would name accounts."""
    found = argon2.extract_parameters(passwords._hash_of_nobody(cost))

    assert found == argon2.extract_parameters(passwords.hash_password(RIGHT, cost=cost))


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "plaintext",
        STORED.replace("m=19456", "m=4294967295"),
        STORED.replace("m=19456", "m=8"),
        STORED.replace("t=1", "t=1000000"),
        STORED.replace("t=1", "t=0"),
        STORED.replace("p=1", "p=255"),
        STORED.replace("argon2id", "argon2i"),
        STORED.replace("v=19", "v=16"),
        STORED[:-8],
        STORED + "A" * 200,
        STORED + "A",
        STORED.replace("m=19456", "m=019456"),
        STORED.replace("t=1", "t=11"),
        STORED.replace("p=1", "p=9"),
        STORED.replace("m=19456", "m=19455"),
        f"{STORED[:-1]}{chr(ord(STORED[-1]) + 1)}",
        STORED.replace("m=19456", "m=19456" + "0" * 5000),
    ],
)
def test_a_stored_hash_out_of_bounds_is_refused_before_it_costs_anything(
    forged: str,
) -> None:
    with pytest.raises(IntegrityError):
        passwords.verify_password(forged, RIGHT)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(STORED) - 1), st.integers(0, 6))
def test_a_flipped_bit_anywhere_in_a_stored_hash_is_refused(at: int, bit: int) -> None:
    flipped = STORED[:at] + chr(ord(STORED[at]) ^ (1 << bit)) + STORED[at + 1 :]

    with pytest.raises((DeniedError, IntegrityError)):
        passwords.verify_password(flipped, RIGHT, cost=CHEAP)


@pytest.mark.parametrize(
    ("what", "least", "most"),
    [("memory_kib", 19 << 10, 256 << 10), ("passes", 1, 10), ("lanes", 1, 8)],
)
def test_a_cost_out_of_bounds_is_refused(what: str, least: int, most: int) -> None:
    """OWASP's cheat sheet allows no less than 19 MiB."""
    for taken in (least, most):
        assert Cost(**{what: taken})
    for refused in (least - 1, most + 1):
        with pytest.raises(InputError, match="outside the bounds of Argon2id"):
            Cost(**{what: refused})
