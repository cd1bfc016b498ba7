"""A second reader of recovery keys and their shares agrees with every vector."""

from __future__ import annotations

import pytest

from tests.specification import recovery
from tests.specification.pages import Document, RefusedError, vector

KEYS = vector("recovery_keys")
SHARES = vector("recovery_shares")


def named(case: Document) -> str:
    return str(case["what"])


def test_recovery_keys_open_what_was_wrapped_to_them() -> None:
    for case in KEYS["keys"]:
        seed, wrapped, place = (
            bytes.fromhex(case[name]) for name in ("seed", "wrapped", "context")
        )
        public = recovery.public_of(seed)

        assert (public.hex(), recovery.key_id(public)) == (case["public"], case["id"])
        assert recovery.unwrap(seed, wrapped, place).hex() == case["secret"]


@pytest.mark.parametrize("case", KEYS["refused"], ids=named)
def test_a_recovery_wrap_that_must_be_refused_is(case: Document) -> None:
    seed, wrapped, place = (
        bytes.fromhex(case[name]) for name in ("seed", "wrapped", "context")
    )

    with pytest.raises(RefusedError):
        recovery.unwrap(seed, wrapped, place)


@pytest.mark.parametrize("case", SHARES["made"], ids=lambda case: case["threshold"])
def test_enough_shares_restore_the_seed(case: Document) -> None:
    shares, threshold = case["shares"], case["threshold"]

    for some in (shares, shares[:threshold], shares[-threshold:]):
        assert recovery.seed_of(some).hex() == case["secret"]


@pytest.mark.parametrize("case", SHARES["refused"], ids=named)
def test_shares_that_must_be_refused_are(case: Document) -> None:
    with pytest.raises(RefusedError):
        recovery.seed_of(case["shares"])
