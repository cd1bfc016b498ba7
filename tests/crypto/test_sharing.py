"""Enough shares of one set restore the secret; anything else restores nothing."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.crypto.sharing import combine, new_set_id, split
from strongroom.crypto.slip39 import SET_IDS, Share, from_words
from strongroom.errors import InputError, IntegrityError, StrongroomError
from strongroom.types import Secret

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "recovery_shares.json").read_text()
)
VALID = [v for v in VECTORS["published"] if v["secret"]]
REFUSED = [v for v in VECTORS["published"] if not v["secret"]]
SECRET = Secret(bytes(range(32)))


def three_of_five(secret: Secret = SECRET, set_id: int = 77) -> tuple[Share, ...]:
    return split(secret, shares=5, threshold=3, set_id=set_id, random=os.urandom)


def read(vector: dict[str, Any]) -> list[Share]:
    return [from_words(words.split()) for words in vector["shares"]]


@pytest.mark.parametrize("vector", VALID, ids=lambda v: v["name"])
def test_published_shares_restore_the_published_secret(vector: dict[str, Any]) -> None:
    secret = combine(read(vector), Secret(b"TREZOR"))

    assert secret.reveal().hex() == vector["secret"]


@pytest.mark.parametrize("vector", REFUSED, ids=lambda v: v["name"])
def test_published_mistakes_are_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(StrongroomError):
        combine(read(vector), Secret(b"TREZOR"))


@pytest.mark.parametrize("vector", VECTORS["made"])
def test_sets_of_the_reference_implementation_are_restored(
    vector: dict[str, Any],
) -> None:
    shares = read(vector)

    assert combine(shares).reveal().hex() == vector["secret"]
    assert combine(shares[-vector["threshold"] :]).reveal().hex() == vector["secret"]


def test_every_three_of_five_restore_the_secret() -> None:
    for chosen in combinations(three_of_five(), 3):
        assert combine(chosen) == SECRET


@given(
    st.integers(8, 32).flatmap(lambda n: st.binary(min_size=2 * n, max_size=2 * n)),
    st.integers(2, 16),
    st.data(),
)
def test_as_many_as_are_needed_restore_it_in_any_order(
    secret: bytes, shares: int, data: st.DataObject
) -> None:
    threshold = data.draw(st.integers(2, shares))
    made = split(
        Secret(secret),
        shares=shares,
        threshold=threshold,
        set_id=3,
        random=os.urandom,
    )
    chosen = data.draw(st.permutations(made))[:threshold]

    assert combine(chosen).reveal() == secret


def test_a_set_of_one_is_the_secret_itself() -> None:
    (only,) = split(SECRET, shares=1, threshold=1, set_id=1, random=os.urandom)

    assert combine([only]) == SECRET


def test_set_ids_lie_in_their_range() -> None:
    assert new_set_id(lambda n: b"\xff" * n) == SET_IDS - 1
    assert new_set_id(bytes) == 0


@pytest.mark.parametrize(
    ("shares", "threshold"), [(0, 0), (2, 0), (2, 3), (17, 3), (5, 1)]
)
def test_a_set_that_cannot_be_is_refused(shares: int, threshold: int) -> None:
    with pytest.raises(InputError):
        split(SECRET, shares=shares, threshold=threshold, set_id=1, random=os.urandom)


def test_a_share_of_another_secret_restores_nothing() -> None:
    first, second, *_ = three_of_five()
    third = three_of_five(Secret(bytes(32)))[2]

    with pytest.raises(IntegrityError, match="do not belong together"):
        combine([first, second, third])


def test_too_few_shares_are_refused_and_counted() -> None:
    with pytest.raises(InputError, match=r"^2 of 3 papers") as refused:
        combine(three_of_five()[:2])
    assert refused.value.hint == "bring 1 more of set 77"


def test_a_share_given_twice_is_refused_and_named() -> None:
    first, second, *_ = three_of_five()

    with pytest.raises(InputError, match=r"^paper 2 was given twice"):
        combine([first, second, second])


def test_a_share_of_another_set_is_refused_and_named() -> None:
    first, second, *_ = three_of_five()
    other = three_of_five(set_id=78)[3]

    with pytest.raises(InputError, match=r"^paper 4 is of set 78, paper 1 of set 77"):
        combine([first, second, other])


def test_a_set_with_the_same_number_is_told_by_its_digest() -> None:
    first, second, *_ = three_of_five()

    with pytest.raises(IntegrityError, match="do not belong together"):
        combine([first, second, three_of_five()[3]])


def test_a_share_too_many_that_does_not_fit_is_named() -> None:
    first, second, third, *_ = three_of_five()

    with pytest.raises(IntegrityError, match=r"^paper 5 does not fit"):
        combine([first, second, third, three_of_five()[4]])


@given(st.integers(0, 2), st.integers(0, 255))
def test_one_flipped_bit_in_a_share_restores_nothing(which: int, bit: int) -> None:
    shares = list(three_of_five()[:3])
    value = int.from_bytes(shares[which].value.reveal(), "big") ^ 1 << bit
    shares[which] = replace(shares[which], value=Secret(value.to_bytes(32, "big")))

    with pytest.raises(IntegrityError):
        combine(shares)


def test_no_shares_are_refused() -> None:
    with pytest.raises(InputError, match="no paper"):
        combine([])
