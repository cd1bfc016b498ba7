"""Whose bundles count is what the room knows, not what a file says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from strongroom.crypto.signing import SigningKey
from strongroom.errors import SetupError
from strongroom.intake.issuers import Issuer, is_awaited, last_signer, verify_pinned
from strongroom.types import Secret

OLD, NEW, OTHER = (SigningKey(Secret(bytes([n]) * 32)).public for n in range(3))
NOW = datetime(2026, 11, 26, tzinfo=UTC)


def issuers(*numbers: int) -> list[Issuer]:
    keys = (OLD, NEW)[: len(numbers)]
    return [
        Issuer(id=key.raw.hex(), place=place, number=number, since=NOW)
        for place, (key, number) in enumerate(zip(keys, numbers, strict=True), start=1)
    ]


def test_any_key_may_be_pinned_before_the_first_bundle() -> None:
    verify_pinned([], OTHER)

    assert last_signer([], OTHER) == OTHER
    assert not is_awaited([])


def test_only_the_last_issuer_may_be_pinned() -> None:
    verify_pinned(issuers(7), OLD)
    verify_pinned(issuers(7, 0), NEW)
    for key in (OLD, OTHER):
        with pytest.raises(SetupError, match="another key") as told:
            verify_pinned(issuers(7, 0), key)
        assert NEW.raw.hex() in str(told.value.hint)


def test_a_new_issuer_is_awaited_until_they_say_something() -> None:
    assert is_awaited(issuers(7, 0))
    assert last_signer(issuers(7, 0), NEW) == OLD
    assert not is_awaited(issuers(7, 1))
    assert last_signer(issuers(7, 1), NEW) == NEW
